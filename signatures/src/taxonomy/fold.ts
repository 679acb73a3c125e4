import { allOf, anyOf, type Expression } from "../expression.ts";

/** Nothing is asked; and nothing would do. */
export const TRUE: Expression = { kind: "all", parts: [] };
export const FALSE: Expression = { kind: "any", parts: [] };

export function isTrue(node: Expression): boolean {
  return node.kind === "all" && node.parts.length === 0;
}

export function isFalse(node: Expression): boolean {
  return node.kind === "any" && node.parts.length === 0;
}

export function joinAll(parts: readonly Expression[]): Expression {
  return parts.some(isFalse) ? FALSE : allOf(parts.filter((part) => !isTrue(part)));
}

export function joinAny(parts: readonly Expression[]): Expression {
  return parts.some(isTrue) ? TRUE : anyOf(parts.filter((part) => !isFalse(part)));
}

export function negate(part: Expression): Expression {
  if (isTrue(part)) return FALSE;
  return isFalse(part) ? TRUE : { kind: "not", part };
}
