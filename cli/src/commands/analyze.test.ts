import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnalysisRequest } from "@airlock/analyzer";
import { Fault, type Report } from "@airlock/contracts";
import { benignReport, maliciousReport, unknownReport } from "@airlock/formats/report.fixture";
import { describe, expect, it } from "vitest";
import { recordTerminal } from "../recorded-terminal.fixture.ts";
import { RESULT_FORMATS } from "../result-format.ts";
import { type AnalyzeOptions, runAnalyze } from "./analyze.ts";

const options: AnalyzeOptions = {
  image: "docker:app",
  format: "json",
  policy: { failOn: "malicious" },
  quiet: false,
  progress: true,
  signatures: [],
  options: { durationMs: 30_000, env: [] },
};

async function run(report: Report, changes: Partial<AnalyzeOptions> = {}) {
  const terminal = recordTerminal();
  const requests: AnalysisRequest[] = [];
  const status = await runAnalyze({ ...options, ...changes }, terminal, async (request) => {
    requests.push(request);
    request.onProgress({ stage: "detonate", elapsedMs: 0, events: 1, lost: 0 });
    return report;
  });
  return { status, request: requests[0], ...terminal.written };
}

describe("runAnalyze", () => {
  it("prints the report on standard output and nothing else there", async () => {
    const { status, stdout, stderr, request } = await run(maliciousReport());
    expect(JSON.parse(stdout)).toEqual(maliciousReport());
    expect(status).toBe(2);
    expect(request?.source).toEqual({ kind: "engine", name: "app" });
    expect(stderr).toContain("airlock: detonate: running the image");
    expect(stderr).toContain("airlock: denied: malicious, score 99.6");
  });

  it.each(RESULT_FORMATS)("can print %s", async (format) => {
    expect((await run(benignReport(), { format })).stdout.length).toBeGreaterThan(100);
  });

  it("says on standard error why evidence is incomplete", async () => {
    const { status, stderr } = await run(unknownReport());
    expect(status).toBe(3);
    expect(stderr).toContain("airlock: incomplete evidence (never-started): unknown");
  });

  it("is silent on standard error when quiet", async () => {
    expect((await run(benignReport(), { quiet: true })).stderr).toBe("");
  });

  it("writes to a file instead, whole", async () => {
    const folder = await mkdtemp(join(tmpdir(), "airlock-cli-test-"));
    try {
      const output = join(folder, "report.json");
      const { stdout } = await run(benignReport(), { output });
      expect(stdout).toBe("");
      expect(JSON.parse(await readFile(output, "utf8"))).toEqual(benignReport());
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("asks for nothing when the result could not be written or the reference is wrong", async () => {
    const analyze = () => expect.fail("the analysis was started");
    const start = (changes: Partial<AnalyzeOptions>) =>
      runAnalyze({ ...options, ...changes }, recordTerminal(), analyze);
    await expect(start({ output: "/no/such/folder/file" })).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    await expect(start({ image: "" })).rejects.toMatchObject({ code: "IMAGE_REFERENCE_INVALID" });
    const platform = { ...options.options, platform: "PDP-11" };
    await expect(start({ options: platform })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("prints nothing when the analysis faults", async () => {
    const terminal = recordTerminal();
    const analyze = () => Promise.reject(new Fault("ENGINE_UNREACHABLE", "down"));
    await expect(runAnalyze(options, terminal, analyze)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(terminal.written.stdout).toBe("");
  });

  it("turns a signal into an abort, answers a second one, and gives signals back afterwards", async () => {
    const terminal = recordTerminal();
    const before = process.listenerCount("SIGINT");
    const analyze = async (request: AnalysisRequest): Promise<Report> => {
      process.emit("SIGINT");
      expect(request.signal.aborted).toBe(true);
      process.emit("SIGTERM");
      throw request.signal.reason;
    };
    await expect(runAnalyze(options, terminal, analyze)).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(terminal.written.stderr).toBe(
      "airlock: interrupted, tearing down\nairlock: already tearing down, a moment please\n",
    );
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
