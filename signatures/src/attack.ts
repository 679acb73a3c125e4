import { readFileSync } from "node:fs";
import { z } from "zod";

/** The pinned extract of ATT&CK, `data/attack.json`. */
const AttackData = z.strictObject({
  version: z.string(),
  note: z.string(),
  tactics: z.record(z.string(), z.strictObject({ name: z.string(), slug: z.string() })),
  techniques: z.record(z.string(), z.strictObject({ name: z.string(), tactics: z.array(z.string()).min(1) })),
  replaced: z.record(z.string(), z.string()),
});
export type AttackData = z.infer<typeof AttackData>;

export function loadAttackData(): AttackData {
  return AttackData.parse(JSON.parse(readFileSync(new URL("../data/attack.json", import.meta.url), "utf8")));
}

/** Technique ids among Sigma's tags, in upper case, revoked ones replaced by their successors, sorted and distinct. */
export function techniquesOf(tags: readonly string[], attack: AttackData): string[] {
  const ids = tags
    .map((tag) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase())
    .filter((id) => id !== undefined)
    .map((id) => (Object.hasOwn(attack.replaced, id) ? (attack.replaced[id] ?? id) : id));
  return [...new Set(ids)].toSorted();
}

/** Tactics by the pinned data; a technique that it doesn't hold gives those of its parent, or none. */
export function tacticsOf(techniques: readonly string[], attack: AttackData): string[] {
  const tactics = techniques.flatMap((id) => {
    const known = [id, id.split(".")[0] ?? id].find((name) => Object.hasOwn(attack.techniques, name));
    return known === undefined ? [] : (attack.techniques[known]?.tactics ?? []);
  });
  return [...new Set(tactics)].toSorted();
}
