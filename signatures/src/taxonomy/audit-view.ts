import type { EventCategory } from "@airlock/contracts";
import { type Expression, fieldsOf, type TextTest } from "../expression.ts";
import { ALWAYS_THE_SAME_CALLS, CALLS_BY_CATEGORY } from "./audit-calls.ts";
import {
  ANY_TEXT,
  AUDIT_RECORDS,
  type AuditRecord,
  carries,
  isRegister,
  ownFieldsOf,
  recordField,
} from "./audit-fields.ts";
import { type AuditKeys, keyExpression } from "./audit-keys.ts";
import { FALSE, isFalse, joinAll, joinAny, negate, TRUE } from "./fold.ts";

/** A rule on audit records as our events can meet it, or why none can. */
export type AuditView =
  | { readonly views: ReadonlyMap<EventCategory, Expression>; readonly reason: null }
  | { readonly views: null; readonly reason: string };

/** Which records events of a category stand for. Several: audit writes one of each, and a rule looks at one at a time. */
const RECORDS: ReadonlyMap<EventCategory, readonly AuditRecord[]> = new Map<EventCategory, readonly AuditRecord[]>([
  ["process_creation", AUDIT_RECORDS],
  ["syscall", ["SYSCALL", "PATH"]],
  ["file_event", ["SYSCALL", "PATH"]],
  ["file_access", ["SYSCALL", "PATH"]],
  ["file_change", ["SYSCALL", "PATH"]],
  ["file_rename", ["SYSCALL", "PATH"]],
  ["file_delete", ["SYSCALL", "PATH"]],
  ["process_access", ["SYSCALL"]],
  ["driver_load", ["SYSCALL"]],
  ["network_connection", ["SYSCALL"]],
  ["network_listen", ["SYSCALL"]],
]);

/** Fields that tell one call of a program from another. A rule that asks for none of them means the program's start. */
const CALL_FIELDS = new Set(["SYSCALL", "syscall", "key", "exit", "a0", "a1", "a2", "a3"]);

/**
 * The condition of a rule of service auditd, once for each category whose events can make it true: its record types and
 * the fields that these lack are decided here, and the rest reads records that are made from events when asked for.
 */
export function viewAudit(expression: Expression, keys: AuditKeys): AuditView {
  const views = new Map<EventCategory, Expression>();
  const missing = new Set<string>();
  const types = new Set<string>();
  const asksForCalls = fieldsOf(expression).some((field) => CALL_FIELDS.has(field));
  for (const [category, records] of RECORDS) {
    const parts = records.flatMap((record) => {
      if (record === "SYSCALL" && category !== "process_creation" && !asksForCalls) return [];
      if (isFalse(decideTypes(expression, record, types))) return [];
      return [specialise(expression, { record, category, keys, missing })];
    });
    const view = joinAny(parts);
    if (!isFalse(view)) views.set(category, view);
  }
  if (views.size > 0) return { views, reason: null };
  const reasons = missing.size > 0 ? missing : types;
  return { views: null, reason: [...reasons].toSorted()[0] ?? "no recorded event is like its records" };
}

/** The expression with nothing decided but what it says about the record's type. */
function decideTypes(node: Expression, record: AuditRecord, types: Set<string>): Expression {
  switch (node.kind) {
    case "all":
      return joinAll(node.parts.map((part) => decideTypes(part, record, types)));
    case "any":
      return joinAny(node.parts.map((part) => decideTypes(part, record, types)));
    case "not":
      return negate(decideTypes(node.part, record, types));
    case "field":
      if (node.field !== "type") return node;
      types.add(`no audit record of type ${literalsOf(node.tests).toUpperCase()} is made from what is recorded`);
      return decide(node.tests, node.every, [record]);
    case "absent":
      return node.field === "type" ? FALSE : node;
    case "keyword":
    case "reference":
      return node;
    default:
      return node satisfies never;
  }
}

interface Place {
  readonly record: AuditRecord;
  readonly category: EventCategory;
  readonly keys: AuditKeys;
  /** Why parts of the rule can't be true, for people. */
  readonly missing: Set<string>;
}

function specialise(node: Expression, place: Place): Expression {
  switch (node.kind) {
    case "all":
      return joinAll(node.parts.map((part) => specialise(part, place)));
    case "any":
      return joinAny(node.parts.map((part) => specialise(part, place)));
    case "not":
      return negate(specialise(node.part, place));
    case "field":
      return specialiseField(node, place);
    case "keyword":
      return specialiseKeyword(node, place.record);
    case "absent":
      if (node.field === "type") return FALSE;
      return isCarried(node.field, place) ? { kind: "absent", field: recordField(place.record, node.field) } : TRUE;
    case "reference": {
      const { field, other } = node;
      if (!isCarried(field, place) || !isCarried(other, place)) return FALSE;
      return { ...node, field: recordField(place.record, field), other: recordField(place.record, other) };
    }
    default:
      return node satisfies never;
  }
}

function specialiseField(node: Extract<Expression, { kind: "field" }>, place: Place): Expression {
  const { field, tests, every } = node;
  const { record, category, keys, missing } = place;
  if (field === "type") return decide(tests, every, [record]);
  if (field === "key" && record === "SYSCALL") {
    const meant = keyExpression(tests, keys, category);
    if (meant === null) {
      missing.add(`the rule doesn't say what audit events the key ${literalsOf(tests)} was put on`);
      return FALSE;
    }
    return meant;
  }
  if (!isCarried(field, place)) {
    if (!AUDIT_RECORDS.some((other) => field === "key" || carries(other, field, "syscall"))) {
      missing.add(`recorded events have nothing for field ${field} of audit records`);
    }
    return FALSE;
  }
  if (field === "SYSCALL" || field === "syscall") {
    const calls = CALLS_BY_CATEGORY.get(category) ?? [];
    const decided = decide(tests, every, calls);
    if (isFalse(decided)) missing.add(`the call ${literalsOf(tests)} is not recorded`);
    if (isFalse(decided) || ALWAYS_THE_SAME_CALLS.has(category)) return decided;
  }
  if (isRegister(record, field) && tests.every(isNoHex)) return FALSE;
  const own = ownFieldsOf(record, field, category);
  // By the events' own fields, so that one look at a text is enough for rules of all kinds.
  if (own.length === 1 || (own.length > 1 && !every)) return joinAny(own.map((name) => ({ ...node, field: name })));
  return { ...node, field: recordField(record, field) };
}

/** Words anywhere in an argument are words anywhere in the command line, which is the arguments joined. */
function specialiseKeyword(node: Extract<Expression, { kind: "keyword" }>, record: AuditRecord): Expression {
  const open = node.tests.every(({ literal }) => literal?.kind === "contains");
  return { ...node, kind: "field", field: record === "EXECVE" && open ? "CommandLine" : recordField(record, ANY_TEXT) };
}

function isNoHex({ literal }: TextTest): boolean {
  return literal !== null && !/^[0-9a-f]+$/.test(literal.text);
}

function isCarried(field: string, { record, category }: Place): boolean {
  return carries(record, field, category);
}

/** What the tests say of values that are known beforehand. */
function decide(tests: readonly TextTest[], every: boolean, values: readonly string[]): Expression {
  const met = (test: TextTest): boolean => values.some((value) => test.matches(value, value.toLowerCase()));
  return (every ? tests.every(met) : tests.some(met)) ? TRUE : FALSE;
}

function literalsOf(tests: readonly TextTest[]): string {
  return tests.map(({ literal }) => literal?.text ?? "?").join(", ");
}
