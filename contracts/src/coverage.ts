import { z } from "zod";

const count = z.number().int().nonnegative();

/** A sensor is evidence only if it was confirmed before the start, alive at the end, and closed its own books. */
export const SensorStatus = z.strictObject({
  name: z.enum(["tracer", "capture", "sinkhole", "output", "layer", "resources"]),
  confirmed: z.boolean(),
  aliveAtEnd: z.boolean(),
  detail: z.string(),
});
export type SensorStatus = z.infer<typeof SensorStatus>;

export const LossAccount = z.strictObject({ counted: count, delivered: count, suppressed: count, dropped: count });
export type LossAccount = z.infer<typeof LossAccount>;

/** A bound that was hit: its name, the bound, and how much the sample asked for where that is known. */
export const LimitHit = z.strictObject({
  limit: z.enum([
    "memory",
    "pids",
    "disk",
    "volume",
    "output",
    "capture",
    "trace",
    "dropped-files",
    "events",
    "frozen",
    "record-size",
  ]),
  bound: count,
  /** True when the sample itself was changed by it (killed, refused), false when only our record was cut. */
  affectedSample: z.boolean(),
  detail: z.string(),
});
export type LimitHit = z.infer<typeof LimitHit>;

/** What was seen and what was not: required in every report, for absence of evidence must be visible (I2). */
export const Coverage = z.strictObject({
  sensors: z.array(SensorStatus),
  ...LossAccount.shape,
  classes: z.record(z.string(), LossAccount),
  /** Names of records that end before the run did, such as `capture`. */
  truncated: z.array(z.string()),
  limits: z.array(LimitHit),
  entrypoints: z.array(z.strictObject({ id: z.string(), argv: z.array(z.string()), exercised: z.boolean() })),
  frozenMs: z.number().nonnegative(),
});
export type Coverage = z.infer<typeof Coverage>;
