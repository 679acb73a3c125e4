import { compileDetection, type Detection } from "./detection.ts";
import type { Expression } from "./expression.ts";
import type { Placeholders } from "./placeholders.ts";
import type { SigmaFilter } from "./rule.ts";
import { RuleError } from "./rule-error.ts";
import type { Logsource } from "./rule-head.ts";

/** What the filter asks of an event beside what the rule asks: `not selection` leaves out. Throws RuleError with the path of what is wrong. */
export function compileFilter({ filter }: SigmaFilter, placeholders: Placeholders): Expression {
  const { rules: _rules, ...detection } = filter;
  try {
    return compileDetection(detection as Detection, placeholders);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    // A filter that can't be had would leave its rules as they are, which is not what whoever wrote it was told.
    throw new RuleError(error.message, { path: ["filter", ...error.path] });
  }
}

/** A filter is for the log source that it names: what it leaves open any rule may have. */
export function isForLogsource(filter: Logsource, rule: Logsource): boolean {
  const keys = ["category", "product", "service"] as const;
  return keys.every((key) => filter[key] === undefined || filter[key] === rule[key]);
}
