import type { LintCheck } from "./lint-check.ts";

export const KNOWN_TECHNIQUE: LintCheck = {
  name: "known-technique",
  recommendation:
    "Tag `attack.tNNNN` with ids of data/attack.json only; tactics are derived from them, so no tactic tags.",
  check: ({ signature: { rule } }, attack) => {
    const problems: string[] = [];
    if (!rule.tags.some((tag) => tag.startsWith("attack.t"))) problems.push("no technique is named");
    for (const tag of rule.tags) {
      const id = /^attack\.(t\d{4}(?:\.\d{3})?)$/.exec(tag)?.[1]?.toUpperCase();
      if (id === undefined) problems.push(`"${tag}" is no technique`);
      else if (Object.hasOwn(attack.replaced, id)) problems.push(`${id} is revoked, use ${attack.replaced[id]}`);
      else if (!Object.hasOwn(attack.techniques, id)) problems.push(`${id} is not in the pinned data`);
    }
    return problems;
  },
};
