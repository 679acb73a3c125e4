import type { Log, Run } from "sarif";
import { describe, expect, it } from "vitest";
import { benignReport, maliciousReport } from "./report.fixture.ts";
import { renderSarif } from "./sarif.ts";

const runOf = (report = maliciousReport()): Run => {
  const log = JSON.parse(renderSarif(report)) as Log;
  expect(log).toMatchObject({ version: "2.1.0", $schema: expect.stringContaining("sarif-2.1.0") });
  expect(log.runs).toHaveLength(1);
  return log.runs[0] as Run;
};

describe("renderSarif", () => {
  it("gives every rule the fields GitHub requires, none empty", () => {
    const rules = runOf().tool.driver.rules ?? [];
    expect(rules).toHaveLength(4);
    for (const rule of rules) {
      expect(rule.id).not.toBe("");
      for (const text of [rule.shortDescription?.text, rule.fullDescription?.text, rule.help?.text]) {
        expect(text?.length).toBeGreaterThan(0);
        expect(text?.length).toBeLessThanOrEqual(1024);
      }
      expect(rule.properties?.["tags"]).toContain("security");
      expect(Number(rule.properties?.["security-severity"])).toBeGreaterThanOrEqual(0.1);
    }
    expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
  });

  it("puts every result at a place, points it at its rule and fingerprints it", () => {
    const run = runOf();
    for (const result of run.results ?? []) {
      expect(result.message.text?.length).toBeGreaterThan(0);
      const place = result.locations?.[0]?.physicalLocation;
      expect(place?.artifactLocation?.uri).toBe("registry.example.com-5000/team/implant");
      expect(place?.region).toEqual({ startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 });
      expect(run.tool.driver.rules?.[result.ruleIndex ?? -1]?.id).toBe(result.ruleId);
      expect(result.partialFingerprints?.["primaryLocationLineHash"]).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(run.results?.map((result) => result.level)).toEqual(["error", "error", "warning", "note"]);
    expect(run.results?.[0]?.message.text).toContain("mining.subscribe");
  });

  it("bands severities as GitHub reads them", () => {
    const severities = runOf().tool.driver.rules?.map((rule) => Number(rule.properties?.["security-severity"])) ?? [];
    expect(severities[0]).toBeGreaterThan(9);
    expect(severities[1]).toBeGreaterThanOrEqual(7);
    expect(severities[1]).toBeLessThan(9);
    expect(severities[2]).toBeLessThan(7);
    expect(severities[3]).toBeLessThan(4);
  });

  it("keeps a fingerprint through a rebuild with other process ids, and changes it with the evidence", () => {
    const [before, rebuilt, other] = [maliciousReport(), maliciousReport(), maliciousReport()];
    const change = (report: typeof before, excerpt: string) => {
      report.image.reference = "registry.example.com:5000/team/implant:9.9.9";
      for (const finding of report.findings) finding.evidence = [{ event: "e9", excerpt }];
      return runOf(report).results?.map((result) => result.partialFingerprints?.["primaryLocationLineHash"]);
    };
    expect(change(rebuilt, "pid 4711 ran sh")).toEqual(change(before, "pid 12 ran sh"));
    expect(change(other, "pid 12 ran nc")).not.toEqual(change(before, "pid 12 ran sh"));
  });

  it("has one category an image and platform", () => {
    expect(runOf().automationDetails?.id).toBe("airlock/registry.example.com-5000/team/implant/linux/amd64/");
  });

  it("never turns a path in a reference into one that leaves the repository", () => {
    const report = benignReport();
    report.image.reference = "docker-archive:/../../etc/passwd";
    expect(runOf(report).automationDetails?.id).not.toContain("..");
  });

  it("says what the record lacks", () => {
    const notes = runOf().invocations?.[0]?.toolExecutionNotifications ?? [];
    expect(notes.map((note) => note.descriptor?.id)).toEqual(["events-dropped", "sensor-died"]);
    expect(runOf(benignReport()).invocations?.[0]?.toolExecutionNotifications).toEqual([]);
    expect(runOf(benignReport()).results).toEqual([]);
  });
});
