import type { CheckResult } from "@airlock/sandbox";
import { describe, expect, it } from "vitest";
import { recordTerminal } from "../recorded-terminal.fixture.ts";
import { runDoctor } from "./doctor.ts";

const RESULTS: CheckResult[] = [
  { name: "root", status: "ok", measured: "running as root" },
  { name: "runtime", status: "warn", measured: "runc 1.1.13", advice: "Update runc." },
  { name: "sink", status: "skip", measured: "not looked at" },
];
const FAILED: CheckResult = { name: "engine", status: "fail", measured: "down \u001b[2J", advice: "Start it." };

async function run(results: readonly CheckResult[], format: "table" | "json") {
  const terminal = recordTerminal();
  const status = await runDoctor({ format }, terminal, async (onResult) => {
    for (const result of results) onResult(result);
    return [...results];
  });
  return { status, text: terminal.written.stdout };
}

describe("runDoctor", () => {
  it("succeeds with warnings and says what to do about each", async () => {
    const { status, text } = await run(RESULTS, "table");
    expect(status).toBe(0);
    expect(text).toContain("✔ ok    root");
    expect(text).toMatch(/▲ warn {2}runtime +runc 1\.1\.13\n +→ Update runc\.\n/);
    expect(text).toContain("✔ ready to analyse (ok 1, warnings 1, failed 0, skipped 1)");
  });

  it("fails when one check failed, and prints nothing that a terminal acts on", async () => {
    const { status, text } = await run([...RESULTS, FAILED], "table");
    expect(status).toBe(1);
    expect(text).toContain("✖ fail  engine              down \\x1b[2J\n");
    expect(text).toContain("✖ not ready");
  });

  it("gives the same as JSON and nothing else", async () => {
    const { status, text } = await run([...RESULTS, FAILED], "json");
    expect(status).toBe(1);
    expect(JSON.parse(text)).toEqual([...RESULTS, FAILED]);
  });
});
