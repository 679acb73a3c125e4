import { z } from "zod";

/** STIX 2.1's own vocabulary for the result of an analysis. */
export const VerdictLevel = z.enum(["malicious", "suspicious", "benign", "unknown"]);
export type VerdictLevel = z.infer<typeof VerdictLevel>;

/** Why a run can't prove harmlessness: the closed list of design section 6. */
export const UnknownReason = z.enum([
  "events-dropped",
  "capture-truncated",
  "sensor-died",
  "never-started",
  "stopped-early",
  "dormant",
  "limit-hit",
  "entrypoint-unexercised",
]);
export type UnknownReason = z.infer<typeof UnknownReason>;

export const Verdict = z.strictObject({
  level: VerdictLevel,
  /** 0 to 100. */
  score: z.number().min(0).max(100),
  /** Everything that keeps the evidence from being complete; kept beside any level. */
  reasons: z.array(z.strictObject({ code: UnknownReason, detail: z.string() })),
});
export type Verdict = z.infer<typeof Verdict>;
