import type { Expression, Literal, TextTest } from "./expression.ts";

/** One literal in one field; the field name is empty for "any text of the event". */
export interface GateAtom {
  readonly field: string;
  readonly literal: Literal;
}

/** Fields with a handful of values: a literal there is true of a large part of all events. */
const COMMON_VALUES =
  /(?:Origin|Kind|Protocol|Operation|Change|User|Result|Stream|Type|Initiated|Denied|Exposed|IsEntrypoint|Compat|method)$/i;

/**
 * Literals of which at least one must be there for the expression to be true, or null when no such list is known
 * (the rule is then tried on every event of its categories).
 */
export function gateOf(expression: Expression): readonly GateAtom[] | null {
  switch (expression.kind) {
    case "field":
      return testsGate(expression.field, expression.tests, expression.every);
    case "keyword":
      return testsGate("", expression.tests, expression.every);
    case "all":
      return best(expression.parts.map(gateOf));
    case "any":
      return union(expression.parts.map(gateOf));
    // What is not there, and what two fields share, can't be looked up by text.
    case "not":
    case "absent":
    case "reference":
      return null;
    default:
      return expression satisfies never;
  }
}

type Gate = readonly GateAtom[] | null;

function testsGate(field: string, tests: readonly TextTest[], every: boolean): Gate {
  const gates = tests.map(({ literal }): Gate => (literal === null ? null : [{ field, literal }]));
  return every ? best(gates) : union(gates);
}

function union(gates: readonly Gate[]): Gate {
  const atoms: GateAtom[] = [];
  for (const gate of gates) {
    if (gate === null) return null;
    atoms.push(...gate);
  }
  return atoms;
}

function best(gates: readonly Gate[]): Gate {
  let chosen: Gate = null;
  for (const gate of gates) {
    if (gate !== null && (chosen === null || rarity(gate) > rarity(chosen))) chosen = gate;
  }
  return chosen;
}

/** Higher is rarer. A guess by length, anchoring and field; it decides speed only. */
function rarity(gate: readonly GateAtom[]): number {
  const single = gate.map(({ field, literal }) => {
    const anchored = literal.kind === "equals" ? 4 : literal.kind === "contains" ? 0 : 2;
    return Math.min(literal.text.length, 12) + anchored - (COMMON_VALUES.test(field) ? 12 : 0);
  });
  return Math.min(...single) - Math.log2(gate.length);
}
