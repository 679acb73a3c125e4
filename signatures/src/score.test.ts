import { SignatureLevel, UnknownReason, type VerdictLevel } from "@airlock/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scoreOf, verdictOf } from "./score.ts";

const levels = fc.array(fc.constantFrom(...SignatureLevel.options), { maxLength: 12 });
const reason = fc.record({ code: fc.constantFrom(...UnknownReason.options), detail: fc.string({ maxLength: 3 }) });
const reasons = fc.array(reason, { maxLength: 4 });

/** From what a pipeline may let through to what it must not. */
const SEVERITY: readonly VerdictLevel[] = ["benign", "unknown", "suspicious", "malicious"];

describe("the score", () => {
  it.each<[SignatureLevel[], number, VerdictLevel]>([
    [[], 0, "benign"],
    [["informational"], 0, "benign"],
    [["low"], 5, "benign"],
    [["medium"], 20, "benign"],
    [["high"], 50, "suspicious"],
    [["critical"], 90, "malicious"],
    [["high", "high"], 75, "malicious"],
    [["medium", "medium"], 36, "suspicious"],
    [["low", "medium"], 24, "benign"],
    [["high", "medium"], 60, "suspicious"],
    [["high", "medium", "medium"], 68, "suspicious"],
    [["high", "medium", "medium", "low"], 69.6, "suspicious"],
    [["critical", "critical"], 99, "malicious"],
    [["low", "low", "low"], 14.26, "benign"],
  ])("of %j is %d, %s", (list, score, level) => {
    expect(verdictOf(list, [])).toEqual({ level, score, reasons: [] });
  });

  it("grows with every signature, stays below 100, and knows no order", () => {
    fc.assert(
      fc.property(levels, fc.constantFrom(...SignatureLevel.options), (list, more) => {
        const score = scoreOf(list);
        expect(scoreOf([...list, more])).toBeGreaterThanOrEqual(score);
        expect(scoreOf(list.toReversed())).toBe(score);
        expect(score).toBeLessThan(100);
      }),
    );
  });
});

describe("the verdict", () => {
  it("is never milder for another signature or another reason", () => {
    fc.assert(
      fc.property(levels, reasons, fc.constantFrom(...SignatureLevel.options), reason, (list, why, more, hole) => {
        const before = SEVERITY.indexOf(verdictOf(list, why).level);
        expect(SEVERITY.indexOf(verdictOf([...list, more], why).level)).toBeGreaterThanOrEqual(before);
        expect(SEVERITY.indexOf(verdictOf(list, [...why, hole]).level)).toBeGreaterThanOrEqual(before);
      }),
    );
  });

  it("is benign only without any reason for doubt, and keeps all reasons beside any level", () => {
    fc.assert(
      fc.property(levels, reasons, (list, why) => {
        const verdict = verdictOf(list, why);
        expect(verdict.level === "benign" && why.length > 0).toBe(false);
        expect(verdict.level === "unknown" && why.length === 0).toBe(false);
        expect(new Set(verdict.reasons.map(({ code }) => code))).toEqual(new Set(why.map(({ code }) => code)));
        expect(verdictOf(list, why.toReversed())).toEqual(verdict);
      }),
    );
  });
});
