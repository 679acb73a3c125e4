import { type SignatureLevel, UnknownReason, type Verdict, type VerdictLevel } from "@airlock/contracts";

/** How far one signature of a level takes an image from harmless, in percent. The one table of its kind. */
export const WEIGHTS: Readonly<Record<SignatureLevel, number>> = {
  critical: 90,
  high: 50,
  medium: 20,
  low: 5,
  informational: 0,
};

const MALICIOUS_FROM = 70;
const SUSPICIOUS_FROM = 30;

/**
 * 100 x (1 - product of (1 - weight/100)) over the levels of distinct signatures, rounded **down** to two decimals, so
 * that rounding never lifts a score over a threshold. Counted in whole numbers: one critical is 90, two highs 75,
 * on every machine and in any order.
 */
export function scoreOf(levels: readonly SignatureLevel[]): number {
  let remaining = 1n;
  let whole = 1n;
  for (const level of levels) {
    remaining *= BigInt(100 - WEIGHTS[level]);
    whole *= 100n;
  }
  return Number(((whole - remaining) * 10_000n) / whole) / 100;
}

/**
 * The verdict from the levels of distinct signatures and from what keeps the evidence from being complete. A reason
 * turns `benign` into `unknown` and changes nothing else: what was proved stays proved, and loss never improves (I2).
 */
export function verdictOf(levels: readonly SignatureLevel[], reasons: Verdict["reasons"]): Verdict {
  const score = scoreOf(levels);
  return { level: levelOf(score, reasons.length > 0), score, reasons: sortReasons(reasons) };
}

function levelOf(score: number, incomplete: boolean): VerdictLevel {
  if (score >= MALICIOUS_FROM) return "malicious";
  if (score >= SUSPICIOUS_FROM) return "suspicious";
  return incomplete ? "unknown" : "benign";
}

/** In the order of the closed list, then by text, each once. */
function sortReasons(reasons: Verdict["reasons"]): Verdict["reasons"] {
  const order = UnknownReason.options;
  const distinct = new Map(reasons.map(({ code, detail }) => [`${code} ${detail}`, { code, detail }]));
  return [...distinct.values()].toSorted(
    (a, b) => order.indexOf(a.code) - order.indexOf(b.code) || (a.detail < b.detail ? -1 : a.detail > b.detail ? 1 : 0),
  );
}
