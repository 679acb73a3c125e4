import type { EventCategory } from "@airlock/contracts";
import { allOf, anyOf, type Expression, type TextTest } from "../expression.ts";
import { compileField } from "../modifiers.ts";
import { FALSE, joinAny } from "./fold.ts";

/** What the keys that an audit configuration puts on events stand for, in fields of our events, by key. */
export type AuditKeys = ReadonlyMap<string, ReadonlyMap<EventCategory, Expression>>;

/** A line of an audit configuration that watches a path: execution, reading, writing, attributes. */
const WATCH = /^\s*-w\s+(\/\S+)\s+-p\s+([rwxa]{1,4})\s+-k\s+(\S+)\s*$/;
const MAX_LINES = 1_000;

/** Keys of the configuration that public rules are written for, where the rules only point to it. */
const WELL_KNOWN: AuditKeys = new Map(
  [
    ["network_connect_4", "0.0.0.0/0"],
    ["network_connect_6", "::/0"],
  ].map(([key = "", network = ""]) => [
    key,
    new Map<EventCategory, Expression>([
      [
        "network_connection",
        allOf([
          compileField("DestinationIp|cidr", [network]),
          compileField("Initiated", [true]),
          compileField("Result", ["ok"]),
        ]),
      ],
    ]),
  ]),
);

/** Reads the watches that a rule's `definition` asks for; other lines of a configuration are passed over. */
export function readAuditKeys(definition: string): AuditKeys {
  const found = new Map<string, Map<EventCategory, Expression[]>>();
  for (const line of definition.split("\n").slice(0, MAX_LINES)) {
    const [, path = "", permissions = "", key = ""] = WATCH.exec(line) ?? [];
    if (key === "") continue;
    const meaning = found.get(key) ?? new Map<EventCategory, Expression[]>();
    found.set(key, meaning);
    for (const [category, expression] of watchOf(path, permissions)) {
      meaning.set(category, [...(meaning.get(category) ?? []), expression]);
    }
  }
  const keys = [...found].map(
    ([key, meaning]) => [key, new Map([...meaning].map(([category, parts]) => [category, anyOf(parts)]))] as const,
  );
  return new Map([...WELL_KNOWN, ...keys]);
}

/** Events that have a key which passes the tests; null when no such key is known. */
export function keyExpression(tests: readonly TextTest[], keys: AuditKeys, category: EventCategory): Expression | null {
  const meant = [...keys].filter(([key]) => tests.some((test) => test.matches(key, key.toLowerCase())));
  return meant.length === 0 ? null : joinAny(meant.map(([, meaning]) => meaning.get(category) ?? FALSE));
}

const WATCHED: Readonly<Record<string, readonly EventCategory[]>> = {
  r: ["file_access"],
  w: ["file_event", "file_rename", "file_delete"],
  a: ["file_change"],
};

/** A watched folder is watched with all below it; a program may be known by the path that it was asked for. */
function watchOf(path: string, permissions: string): [EventCategory, Expression][] {
  const literal = path.replace(/[\\*?]/g, "\\$&").replace(/\/$/, "");
  const under = [literal, `${literal}/*`];
  const files = permissions.split("").flatMap((one) => WATCHED[one] ?? []);
  return [
    ...files.map((category): [EventCategory, Expression] => [category, compileField("TargetFilename", under)]),
    ...(permissions.includes("x")
      ? [
          ["process_creation", anyOf([compileField("Image", under), compileField("RequestedImage", under)])] satisfies [
            EventCategory,
            Expression,
          ],
        ]
      : []),
  ];
}
