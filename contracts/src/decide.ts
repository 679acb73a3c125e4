import type { Report } from "./report.ts";

export interface Policy {
  /** Lowest verdict that is refused. */
  readonly failOn: "suspicious" | "malicious";
}

export type Decision =
  | { readonly decision: "allow" }
  | { readonly decision: "deny"; readonly reason: string }
  | { readonly decision: "incomplete"; readonly reason: string };

/**
 * What a pipeline should do with a judged image. Denial comes before doubt: what was proved malicious stays so
 * whatever was lost, and evidence with holes in it never allows anything (I2, I8).
 */
export function decide(report: Report, policy: Policy): Decision {
  const { level, reasons } = report.verdict;
  if (level === "malicious" || (level === "suspicious" && policy.failOn === "suspicious")) {
    return { decision: "deny", reason: `verdict is ${level}, score ${report.verdict.score}` };
  }
  if (level === "unknown" || reasons.length > 0) {
    return { decision: "incomplete", reason: reasons.map((reason) => reason.code).join(", ") || "verdict is unknown" };
  }
  return { decision: "allow" };
}
