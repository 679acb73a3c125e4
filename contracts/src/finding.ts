import { z } from "zod";
import { Verdict } from "./verdict.ts";

/** Sigma's five levels. */
export const SignatureLevel = z.enum(["informational", "low", "medium", "high", "critical"]);
export type SignatureLevel = z.infer<typeof SignatureLevel>;

export const Evidence = z.strictObject({
  /** Id of a behaviour event. */
  event: z.string(),
  /** One line for people, made from the event's fields; hostile text, bounded, not yet made safe for any display. */
  excerpt: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

/** A signature that fired and the events that prove it. One per signature; `matches` counts all of them. */
export const Finding = z.strictObject({
  signature: z.strictObject({
    id: z.string(),
    uuid: z.string(),
    title: z.string(),
    level: SignatureLevel,
    description: z.string(),
  }),
  techniques: z.array(z.string()),
  tactics: z.array(z.string()),
  /** What this level weighs, 0 to 100. */
  weight: z.number(),
  matches: z.number().int().positive(),
  evidence: z.array(Evidence).min(1),
});
export type Finding = z.infer<typeof Finding>;

/** The result of judging: a pure function of events, rule set and coverage (I9). No wall time in it. */
export const Judgement = z.strictObject({
  ruleSet: z.string(),
  verdict: Verdict,
  findings: z.array(Finding),
});
export type Judgement = z.infer<typeof Judgement>;
