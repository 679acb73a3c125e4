/** The condition of a rule as a tree, before it becomes closures. Pure data but for the tests of single values. */
export type Expression =
  | { readonly kind: "all" | "any"; readonly parts: readonly Expression[] }
  | { readonly kind: "not"; readonly part: Expression }
  /** Tests on one field's text; a list field satisfies a test when any element does. Absent fields satisfy none. */
  | { readonly kind: "field"; readonly field: string; readonly tests: readonly TextTest[]; readonly every: boolean }
  /** Tests on any text of the event. */
  | { readonly kind: "keyword"; readonly tests: readonly TextTest[]; readonly every: boolean }
  | { readonly kind: "absent"; readonly field: string }
  /** Compares two fields of the same event. */
  | { readonly kind: "reference"; readonly field: string; readonly other: string; readonly compare: CompareTexts };

export type CompareTexts = (value: string, other: string) => boolean;

/** One value of a rule. Gets the field's text as recorded and in lower case. */
export interface TextTest {
  readonly matches: (text: string, lowered: string) => boolean;
  /** Text that a matching field must contain; null when none is known. The index finds candidates by it. */
  readonly literal: Literal | null;
}

export interface Literal {
  readonly kind: "equals" | "starts" | "ends" | "contains";
  /** In lower case, never empty. */
  readonly text: string;
}

/** Joins parts; a single part stands for itself. */
export function allOf(parts: readonly Expression[]): Expression {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "all", parts };
}

export function anyOf(parts: readonly Expression[]): Expression {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "any", parts };
}

/** Field names that an expression reads, sorted and distinct. */
export function fieldsOf(expression: Expression): string[] {
  const names = new Set<string>();
  const visit = (node: Expression): void => {
    switch (node.kind) {
      case "all":
      case "any":
        for (const part of node.parts) visit(part);
        return;
      case "not":
        visit(node.part);
        return;
      case "field":
      case "absent":
        names.add(node.field);
        return;
      case "reference":
        names.add(node.field);
        names.add(node.other);
        return;
      case "keyword":
        return;
      default:
        node satisfies never;
    }
  };
  visit(expression);
  return [...names].toSorted();
}
