import { describe, expect, it } from "vitest";
import { renderJunit } from "./junit.ts";
import { benignReport, maliciousReport, unknownReport } from "./report.fixture.ts";

describe("renderJunit", () => {
  it("fails a case for the verdict and one a finding, and reports holes as an error", () => {
    const xml = renderJunit(maliciousReport());
    expect(xml).toContain('tests="6" failures="5" errors="1"');
    expect(xml.match(/<testcase /g)).toHaveLength(6);
    expect(xml.match(/<failure /g)).toHaveLength(5);
    expect(xml).toContain('name="[CRITICAL] stratum-handshake"');
    expect(xml).toContain('classname="airlock.impact"');
    expect(xml).toContain("events-dropped: 44 events were lost\nsensor-died:");
  });

  it("passes a benign image and errs on an unproved one", () => {
    expect(renderJunit(benignReport())).toContain('tests="2" failures="0" errors="0"');
    expect(renderJunit(unknownReport())).toContain('tests="2" failures="0" errors="1"');
  });

  it("counts elements, not words of a sample", () => {
    const report = benignReport();
    report.image.reference = "x <failure ";
    expect(renderJunit(report)).toContain('failures="0"');
  });

  it("stays well formed with markup and characters XML can't hold", () => {
    const report = maliciousReport();
    for (const finding of report.findings)
      finding.evidence = [{ event: "e1", excerpt: "]]></failure>\uffff\u0000\"'<&" }];
    const xml = renderJunit(report);
    expect(xml.match(/<\/failure>/g)).toHaveLength(5);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 refuses
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
    expect(xml.replaceAll(/&#\d+;/g, "")).not.toContain("&");
  });
});
