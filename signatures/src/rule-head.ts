import { SignatureLevel } from "@airlock/contracts";
import { z } from "zod";

const text = z.string();

/** Where the rule's events come from; `category` is ours or Sigma's, see `taxonomy/logsource.ts`. */
export const Logsource = z.looseObject({
  category: text.optional(),
  product: text.optional(),
  service: text.optional(),
  definition: text.optional(),
});
export type Logsource = z.infer<typeof Logsource>;

/** What Sigma has no key for. `row` is the behaviour's number in the catalogue, such as `EX-04`. */
const AirlockFields = z.strictObject({ row: z.string().regex(/^[A-Z][A-Z0-9]-\d{2}$/) });

/** What rules that look at events and rules that correlate others have in common. */
export const RULE_HEAD = {
  title: text.min(1).max(256),
  id: z.guid().optional(),
  name: text.max(256).optional(),
  status: z.enum(["stable", "test", "experimental", "deprecated", "unsupported"]).optional(),
  description: text.max(65_535).default(""),
  references: z.array(text).default([]),
  author: text.optional(),
  date: text.optional(),
  modified: text.optional(),
  tags: z.array(text).default([]),
  falsepositives: z.union([text, z.array(text)]).optional(),
  level: SignatureLevel.optional(),
  airlock: AirlockFields.optional(),
};
