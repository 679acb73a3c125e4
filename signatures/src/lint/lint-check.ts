import type { AttackData } from "../attack.ts";
import type { Pack } from "../pack.ts";

/** One thing that a pack must be. */
export interface LintCheck {
  readonly name: string;
  /** What to do about it. */
  readonly recommendation: string;
  /** What is wrong, one sentence each; empty when all is well. */
  readonly check: (pack: Pack, attack: AttackData) => readonly string[];
}
