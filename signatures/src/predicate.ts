import { accessorOf } from "./accessor.ts";
import type { Expression, TextTest } from "./expression.ts";
import { type Accessor, type Subject, textsOf } from "./subject.ts";

export type Predicate = (subject: Subject) => boolean;

/** Compiles an expression into one closure. */
export function compilePredicate(expression: Expression): Predicate {
  switch (expression.kind) {
    case "all": {
      const parts = expression.parts.map(compilePredicate);
      return (subject) => parts.every((part) => part(subject));
    }
    case "any": {
      const parts = expression.parts.map(compilePredicate);
      return (subject) => parts.some((part) => part(subject));
    }
    case "not": {
      const part = compilePredicate(expression.part);
      return (subject) => !part(subject);
    }
    case "field":
      return compileFieldTest(accessorOf(expression.field), expression.tests, expression.every);
    case "keyword": {
      const { tests, every } = expression;
      return (subject) => testTexts(textsOf(subject.event), tests, every);
    }
    case "absent": {
      const read = accessorOf(expression.field);
      return (subject) => isAbsent(read(subject));
    }
    case "reference": {
      const [read, readOther] = [accessorOf(expression.field), accessorOf(expression.other)];
      const { compare } = expression;
      return (subject) => {
        const others = asTexts(readOther(subject));
        return asTexts(read(subject)).some((value) => others.some((other) => compare(value, other)));
      };
    }
    default:
      return expression satisfies never;
  }
}

function compileFieldTest(read: Accessor, tests: readonly TextTest[], every: boolean): Predicate {
  return (subject) => {
    const value = read(subject);
    if (typeof value === "string") {
      const lowered = value.toLowerCase();
      return every
        ? tests.every((test) => test.matches(value, lowered))
        : tests.some((test) => test.matches(value, lowered));
    }
    return isAbsent(value) ? false : testTexts(asTexts(value), tests, every);
  };
}

/** Each test may be met by another of the texts. */
function testTexts(texts: readonly string[], tests: readonly TextTest[], every: boolean): boolean {
  const lowered = texts.map((text) => text.toLowerCase());
  const met = (test: TextTest): boolean => texts.some((text, index) => test.matches(text, lowered[index] ?? text));
  return every ? tests.every(met) : tests.some(met);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Numbers and booleans compare as text; a list is each of its elements. */
export function asTexts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.filter((entry) => !isAbsent(entry)).map(String);
  if (typeof value === "number" || typeof value === "boolean") return [String(value)];
  return [];
}
