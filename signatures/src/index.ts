export { type AttackData, loadAttackData, tacticsOf, techniquesOf } from "./attack.ts";
export { canonicalJson } from "./canonical-json.ts";
export { compileRuleSet, type RuleSet } from "./compile.ts";
export { ENGINE_VERSION } from "./engine-version.ts";
export type { FactDefinition } from "./facts/fact.ts";
export { FACTS } from "./facts/index.ts";
export { type Hearing, judge, openHearing } from "./judge.ts";
export { LINT_CHECKS, type LintFinding, lintPacks } from "./lint/index.ts";
export { type ListedSignature, listSignatures } from "./list.ts";
export {
  hashRuleSet,
  loadSignatures,
  readSignatures,
  SHIPPED_PACKS,
  type SignatureFolders,
  type SignatureProblem,
} from "./load.ts";
export { type Match, type Matcher, matchEvents, openMatcher } from "./match.ts";
export { type Pack, readPacks, type Trace } from "./pack.ts";
export { SigmaRule, type Signature } from "./rule.ts";
export { scoreOf, verdictOf, WEIGHTS } from "./score.ts";
export { readTrace } from "./trace.ts";
