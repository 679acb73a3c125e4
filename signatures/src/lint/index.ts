import { type AttackData, loadAttackData } from "../attack.ts";
import type { Pack } from "../pack.ts";
import { ALWAYS_TRUE } from "./always-true.ts";
import { HAS_TRACES } from "./has-traces.ts";
import { KNOWN_FACT } from "./known-fact.ts";
import { KNOWN_FIELDS } from "./known-fields.ts";
import { KNOWN_TECHNIQUE } from "./known-technique.ts";
import type { LintCheck } from "./lint-check.ts";
import { METADATA } from "./metadata.ts";
import { OVER_BROAD } from "./over-broad.ts";
import { PACK_PLACE } from "./pack-place.ts";
import { TITLE_STYLE } from "./title-style.ts";

export const LINT_CHECKS: readonly LintCheck[] = [
  PACK_PLACE,
  METADATA,
  TITLE_STYLE,
  KNOWN_TECHNIQUE,
  KNOWN_FIELDS,
  KNOWN_FACT,
  ALWAYS_TRUE,
  OVER_BROAD,
  HAS_TRACES,
];

export interface LintFinding {
  /** `<tactic>/<slug>`. */
  readonly pack: string;
  readonly check: string;
  readonly message: string;
  readonly recommendation: string;
}

/** Everything that is wrong with packs beyond what loading them refuses. */
export function lintPacks(packs: readonly Pack[], attack: AttackData = loadAttackData()): LintFinding[] {
  return packs.flatMap((pack) =>
    LINT_CHECKS.flatMap(({ name, recommendation, check }) =>
      check(pack, attack).map((message) => ({
        pack: `${pack.tactic}/${pack.slug}`,
        check: name,
        message,
        recommendation,
      })),
    ),
  );
}
