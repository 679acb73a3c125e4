import { z } from "zod";

/** What became of the sample. Data, never an error of ours. */
export const Outcome = z.strictObject({
  kind: z.enum(["exited", "crashed", "timed-out", "killed", "never-started"]),
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** Why it never started, in the runtime's words. */
  detail: z.string().optional(),
});
export type Outcome = z.infer<typeof Outcome>;
