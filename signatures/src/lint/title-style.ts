import type { LintCheck } from "./lint-check.ts";

const SMALL = /^(?:a|an|and|as|at|by|for|from|in|into|its|of|on|or|over|the|then|through|to|via|with|without)$/;

export const TITLE_STYLE: LintCheck = {
  name: "title-style",
  recommendation: "A title says what happened in a few capitalised words, such as `Password Hashes Read`.",
  check: ({ signature: { title } }) => {
    const words = title.split(/\s+/);
    const lower = words.filter((word) => /^[a-z]/.test(word) && !SMALL.test(word) && !/[._/-]/.test(word));
    return [
      ...(title.length > 80 ? ["the title is longer than 80 characters"] : []),
      ...(/[.!?]$/.test(title) ? ["the title ends like a sentence"] : []),
      ...(/^Detects?\b/i.test(title) ? ["the title says what the rule does, not what happened"] : []),
      ...lower.map((word) => `"${word}" is not capitalised`),
    ];
  },
};
