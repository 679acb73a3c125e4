/**
 * Part of every rule set's hash. Raise it with any change that can alter a judgement of the same events by the same
 * rules (matching, facts, score, excerpts), so that equal hashes go on meaning equal bytes.
 */
export const ENGINE_VERSION = "2";
