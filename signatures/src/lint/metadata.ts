import { KNOWN_RULE_KEYS } from "../rule.ts";
import type { LintCheck } from "./lint-check.ts";

const REQUIRED = ["id", "status", "description", "author", "date", "level", "falsepositives", "airlock"] as const;

export const METADATA: LintCheck = {
  name: "metadata",
  recommendation: "Give id (a new UUID v4), status, description, author, date, level, falsepositives and airlock.row.",
  check: ({ signature: { rule } }) => {
    const missing = REQUIRED.filter((key) => rule[key] === undefined || rule[key] === "");
    const unknown = Object.keys(rule).filter((key) => !KNOWN_RULE_KEYS.includes(key));
    return [
      ...missing.map((key) => `${key} is missing`),
      ...unknown.map((key) => `"${key}" is no key of a Sigma rule`),
      ...(rule.date === undefined || /^\d{4}-\d{2}-\d{2}$/.test(rule.date) ? [] : ["date is not written YYYY-MM-DD"]),
    ];
  },
};
