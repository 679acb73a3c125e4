import { Report } from "@airlock/contracts";
import { describe, expect, it } from "vitest";
import { renderJson } from "./json.ts";
import { maliciousReport } from "./report.fixture.ts";

describe("renderJson", () => {
  it("is the report document, unchanged", () => {
    expect(Report.parse(JSON.parse(renderJson(maliciousReport())))).toEqual(maliciousReport());
  });

  it("gives the same bytes whatever order maps were filled in", () => {
    const report = maliciousReport();
    const reordered = {
      ...report,
      syscalls: Object.fromEntries(Object.entries(report.syscalls).toReversed()),
      analysis: {
        ...report.analysis,
        timings: Object.fromEntries(Object.entries(report.analysis.timings).toReversed()),
      },
    };
    expect(renderJson(reordered)).toBe(renderJson(report));
  });

  it("writes control and bidi characters as escapes that parse back to themselves", () => {
    const report = maliciousReport();
    report.image.reference = "a\u009b\u202e\u007fb";
    expect(renderJson(report)).toContain(String.raw`a\u009b\u202e\u007fb`);
    expect(JSON.parse(renderJson(report)).image.reference).toBe(report.image.reference);
  });
});
