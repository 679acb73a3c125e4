import { describe, expect, it } from "vitest";
import type { Pack } from "../pack.ts";
import { eventMaker } from "../testing/make-event.ts";
import { signaturesFrom } from "../testing/make-signature.ts";
import { LINT_CHECKS, lintPacks } from "./index.ts";

const GOOD = `title: Shell History Read
id: 5f0a4c1e-6f3b-4b52-9f0e-0a1d6c1f7b11
status: test
description: Somebody read it.
author: Airlock
date: 2026-11-24
tags: [attack.t1552.003]
logsource: {category: file_access, product: linux}
detection:
  history: {TargetFilename|endswith: /.bash_history}
  condition: history
falsepositives: [Backups]
level: medium
airlock: {row: CA-04}
`;
const FACT = GOOD.replace("category: file_access", "category: derived");

function trace(file: string): Pack["hits"][number] {
  return { file, events: [eventMaker()("file_access", { TargetFilename: "/root/.bash_history" })] };
}

async function packOf(rule: string, changes: Partial<Pack> = {}): Promise<Pack> {
  const [signature, ...parts] = await signaturesFrom({ "reads-history.yml": rule });
  if (signature === undefined) throw new Error("no rule");
  const [hits, misses] = [[trace("hit-a.ndjson")], [trace("miss-a.ndjson")]];
  return {
    tactic: "credential-access",
    slug: "reads-history",
    folder: "",
    files: ["hit-a.ndjson", "miss-a.ndjson", "rule.yml"],
    signature: { ...signature, file: "credential-access/reads-history/rule.yml" },
    parts,
    hits,
    misses,
    ...changes,
  };
}

async function checksOf(rule: string, changes: Partial<Pack> = {}): Promise<string[]> {
  return [...new Set(lintPacks([await packOf(rule, changes)]).map(({ check }) => check))];
}

/** Puts another detection into the good rule. */
function detecting(detection: string, rule = GOOD): string {
  return rule.replace("history: {TargetFilename|endswith: /.bash_history}", detection);
}

describe("the linter", () => {
  it("is content with a good pack", async () => {
    expect(lintPacks([await packOf(GOOD)])).toEqual([]);
  });

  it.each<[string, string, string]>([
    ["metadata", "no id", GOOD.replace(/^id:.*\n/m, "")],
    ["metadata", "no level", GOOD.replace(/^level:.*\n/m, "")],
    ["metadata", "no catalogue row", GOOD.replace(/^airlock:.*\n/m, "")],
    ["metadata", "an unknown key", `${GOOD}severity: 3\n`],
    ["metadata", "an odd date", GOOD.replace("2026-11-24", "24/11/2026")],
    ["title-style", "a sentence", GOOD.replace("History Read", "History Read.")],
    ["title-style", "small letters", GOOD.replace("History", "history")],
    ["title-style", "what the rule does", GOOD.replace("Shell", "Detects Shell")],
    ["known-technique", "an unknown technique", GOOD.replace("[attack", "[attack.t9999, attack")],
    ["known-technique", "a revoked technique", GOOD.replace("[attack", "[attack.t1562.001, attack")],
    ["known-technique", "a tactic", GOOD.replace("[attack", "[attack.credential-access, attack")],
    ["known-fields", "a field of another category", detecting("history: {QueryName|contains: history}")],
    ["known-fields", "a category without events", GOOD.replace("file_access", "registry_set")],
    ["known-fields", "a field of another fact", detecting("history: {Fact: ports-touched, Hops: 1}", FACT)],
    ["known-fact", "a fact's name alone", detecting("history: {Fact: ports-touched}", FACT)],
    ["known-fact", "an unknown fact", detecting("history: {Fact: moon-phase, Image|endswith: /bin/x}", FACT)],
    ["known-fact", "no fact", detecting("history: {Image|endswith: /bin/x}", FACT)],
    ["always-true", "a lone wildcard", detecting("history: {TargetFilename: '*', Image|endswith: /cat}")],
    ["always-true", "nothing contained", detecting("history: {TargetFilename|contains: '', Image|endswith: /cat}")],
    ["always-true", "any text by expression", detecting("history: {TargetFilename|re: '.*', Image|endswith: /cat}")],
    ["over-broad", "no literal", detecting("history: {TargetFilename|re: 'hist.*y'}")],
    ["over-broad", "only what is not", detecting("not_it: {TargetFilename: /x}").replace(": history", ": not not_it")],
    ["over-broad", "two letters anywhere", detecting("history: {TargetFilename|contains: sh}")],
  ])("%s refuses %s", async (check, _what, rule) => {
    expect(await checksOf(rule)).toContain(check);
  });

  it.each<[string, string, Partial<Pack>]>([
    ["pack-place", "a folder that isn't the technique's tactic", { tactic: "impact" }],
    ["pack-place", "a slug of another form", { slug: "Reads_History" }],
    ["has-traces", "no hit", { hits: [] }],
    ["has-traces", "no miss", { misses: [] }],
    ["has-traces", "an empty trace", { misses: [{ file: "miss-a.ndjson", events: [] }] }],
    ["has-traces", "a stray file", { files: ["rule.yml", "core.1"] }],
  ])("%s refuses %s", async (check, _what, changes) => {
    expect(await checksOf(GOOD, changes)).toContain(check);
  });

  it("looks at a correlation with its rules", async () => {
    const head = GOOD.slice(0, GOOD.indexOf("logsource:"));
    const rest = GOOD.slice(GOOD.indexOf("falsepositives:"));
    const section = (by: string, condition: string) =>
      `correlation: {type: event_count, rules: [opened], timespan: 1m, group-by: [${by}], condition: ${condition}}\n`;
    const part = (search: string) =>
      `---\ntitle: Opened\nname: opened\nlogsource: {category: file_access, product: linux}\n` +
      `detection: {s: ${search}, condition: s}\n`;
    const opened = part("{TargetFilename|endswith: /.bash_history}");
    const good = head + section("Image", "{gte: 3}") + rest + opened;
    expect(lintPacks([await packOf(good)])).toEqual([]);
    expect(await checksOf(head + section("QueryName", "{gte: 3}") + rest + opened)).toContain("known-fields");
    expect(await checksOf(head + section("Image", "{lt: 3}") + rest + opened)).toContain("over-broad");
    expect(await checksOf(head + section("Image", "{gte: 3}") + rest + part("{Nothing: abcd}"))).toContain(
      "known-fields",
    );
    expect(await checksOf(head + section("Image", "{gte: 3}") + rest + part("{TargetFilename|contains: x}"))).toContain(
      "over-broad",
    );
  });

  it("refuses traces with derived events or without order", async () => {
    const make = eventMaker();
    const derived = [make("derived", { Fact: "x", Sources: [] })];
    const [late, early] = [2, 1].map((at) => make("file_access", { TargetFilename: "/x" }, { at }));
    const unordered = late === undefined || early === undefined ? [] : [late, early];
    for (const events of [derived, unordered]) {
      expect(await checksOf(GOOD, { hits: [{ file: "hit-a.ndjson", events }] })).toContain("has-traces");
    }
  });

  it("lets every check say what to do", () => {
    for (const { name, recommendation } of LINT_CHECKS) {
      expect(name).toMatch(/^[a-z-]+$/);
      expect(recommendation).toMatch(/\.$/);
    }
  });
});
