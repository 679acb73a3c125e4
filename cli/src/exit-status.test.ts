import { decide, Fault } from "@airlock/contracts";
import { benignReport, maliciousReport, unknownReport } from "@airlock/formats/report.fixture";
import { describe, expect, it } from "vitest";
import { faultExitStatus, toExitStatus } from "./exit-status.ts";

const statusOf = (report: ReturnType<typeof benignReport>, failOn: "suspicious" | "malicious" = "malicious") =>
  toExitStatus(decide(report, { failOn }));

describe("exit status", () => {
  it("is 0 for a benign image with complete evidence", () => {
    expect(statusOf(benignReport())).toBe(0);
  });

  it("is 2 for a malicious one, whatever was lost", () => {
    expect(statusOf(maliciousReport())).toBe(2);
  });

  it("is 3 when the verdict is unknown, and when evidence has holes", () => {
    expect(statusOf(unknownReport())).toBe(3);
    const holes = { ...benignReport(), verdict: { ...unknownReport().verdict, level: "suspicious" as const } };
    expect(statusOf(holes)).toBe(3);
    expect(statusOf(holes, "suspicious")).toBe(2);
  });

  it("is 1 for a fault, and 130 for an interruption", () => {
    expect(faultExitStatus(new Fault("ENGINE_UNREACHABLE", "down"))).toBe(1);
    expect(faultExitStatus(new Fault("INTERRUPTED", "stopped"))).toBe(130);
  });
});
