import type { LintCheck } from "./lint-check.ts";

export const PACK_PLACE: LintCheck = {
  name: "pack-place",
  recommendation: "Keep a pack in packs/<tactic>/<slug>/rule.yml, with a tactic of the rule's own techniques.",
  check: ({ tactic, slug, signature }, attack) => {
    const problems: string[] = [];
    if (signature.file !== `${tactic}/${slug}/rule.yml`) problems.push(`the rule is ${signature.file}`);
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug) || slug.length > 60) problems.push(`"${slug}" is no slug`);
    const own = signature.tactics.map((id) => attack.tactics[id]?.slug ?? id);
    if (!own.includes(tactic))
      problems.push(`its techniques belong to ${own.join(", ") || "no tactic"}, not ${tactic}`);
    return problems;
  },
};
