import { z } from "zod";

/** What the tracer says on its standard output, a line of JSON each: `sandbox/tracer/src/status.c`. */

const count = z.number().int().nonnegative();
const id = count;

const classAccount = z.strictObject({ counted: count, delivered: count, suppressed: count, dropped: count });

const books = {
  classes: z.strictObject({ decisive: classAccount, bulk: classAccount }),
  started: z.boolean(),
  heartbeats: count,
  longestGapMs: count,
  ringPeakBytes: count,
  frozenMs: count,
};

const TracerMessage = z.discriminatedUnion("event", [
  z.strictObject({ event: z.literal("ready"), build: z.string() }),
  z.strictObject({
    event: z.literal("fault"),
    code: z.enum(["NOT_ROOT", "KERNEL_UNSUPPORTED", "TRACER_FAILED"]),
    message: z.string(),
  }),
  z.strictObject({ event: z.literal("tracked"), id }),
  z.strictObject({ event: z.literal("refused"), id, message: z.string() }),
  z.strictObject({ event: z.literal("started"), id }),
  z.strictObject({ event: z.literal("beat"), id, ...books }),
  z.strictObject({
    event: z.literal("sealed"),
    id,
    ...books,
    /** Why the file could not be written, or empty. */
    error: z.string(),
    /** 32-bit entry, number, calls, failed, denied. */
    syscalls: z.array(z.tuple([z.literal([0, 1]), count, count, count, count])),
  }),
]);
export type TracerMessage = z.infer<typeof TracerMessage>;
export type TracerMessageOf<E extends TracerMessage["event"]> = Extract<TracerMessage, { event: E }>;

/** Null for a line that is none: the tracer is ours, so that is a fault of ours. */
export function parseTracerMessage(line: string): TracerMessage | null {
  try {
    return TracerMessage.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
