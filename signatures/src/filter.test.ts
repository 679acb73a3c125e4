import { describe, expect, it } from "vitest";
import { hashRuleSet } from "./rule-set-hash.ts";
import { correlationText, firedOn, wordText } from "./testing/fire.ts";
import { eventMaker } from "./testing/make-event.ts";
import { problemsOf, signaturesFrom } from "./testing/make-signature.ts";

interface FilterChanges {
  readonly rules?: string | readonly string[];
  readonly condition?: string;
  readonly logsource?: object;
  readonly selection?: unknown;
}

function filterText(changes: FilterChanges = {}): string {
  const { rules = ["a"], condition = "not selection", logsource = { category: "process_creation" } } = changes;
  const { selection = { "User|startswith": "adm_" } } = changes;
  return JSON.stringify({ title: "Filter", logsource, filter: { rules, selection, condition } });
}

const make = eventMaker();
const events = [
  make("process_creation", { CommandLine: "a b", User: "adm_1" }),
  make("process_creation", { CommandLine: "a b", User: "0" }),
  make("process_creation", { CommandLine: "a b" }),
];
const rules = { "a.yml": wordText("a"), "b.yml": wordText("b") };

describe("a filter", () => {
  it("leaves out what it selects, for the rules that it names and no other", async () => {
    const files = { ...rules, "f.yml": filterText() };
    expect(await firedOn(files, events)).toEqual(["b e1", "a e2", "b e2", "a e3", "b e3"]);
  });

  it("narrows to what it selects when its condition says so", async () => {
    const files = { "a.yml": wordText("a"), "f.yml": filterText({ condition: "selection", rules: "a" }) };
    expect(await firedOn(files, events)).toEqual(["a e1"]);
  });

  it("adds up with others", async () => {
    const other = filterText({ selection: { User: null } });
    const files = { "a.yml": wordText("a"), "f.yml": filterText(), "g.yml": other };
    expect(await firedOn(files, events)).toEqual(["a e2"]);
  });

  it("is for rules of its log source alone", async () => {
    const files = { ...rules, "c.yml": wordText("c").replace("process_creation", "file_access") };
    const both = filterText({ rules: ["a", "c"], selection: { CommandLine: "a b" } });
    expect(await firedOn({ ...files, "f.yml": both }, events)).toEqual(["b e1", "b e2", "b e3"]);
    const none = filterText({ rules: ["c"] });
    expect(await problemsOf({ ...files, "f.yml": none })).toEqual([
      { file: "f.yml", line: 1, reason: expect.stringMatching(/log source/) },
    ]);
  });

  it("works on what a correlation counts, and on audit records", async () => {
    const count = correlationText({ type: "event_count", rules: ["a"], groupBy: [], condition: { gte: 2 } });
    expect(await firedOn({ "a.yml": wordText("a"), "n.yml": count, "f.yml": filterText() }, events)).toEqual(["n e3"]);
    const logsource = { product: "linux", service: "auditd" };
    const records = JSON.stringify({
      title: "r",
      logsource,
      detection: { run: { type: "EXECVE", a0: "id" }, condition: "run" },
    });
    const run = (name: string) => make("process_creation", { Arguments: ["id", name] });
    const filter = filterText({ rules: ["r"], logsource, selection: { a1: "root" } });
    const fired = await firedOn({ "r.yml": records, "f.yml": filter }, [run("root"), run("app")]);
    expect(fired).toEqual(["r e5"]);
  });

  it("is part of what the rule set is", async () => {
    const plain = hashRuleSet(await signaturesFrom(rules));
    const filtered = hashRuleSet(await signaturesFrom({ ...rules, "f.yml": filterText() }));
    const other = hashRuleSet(await signaturesFrom({ ...rules, "f.yml": filterText({ selection: { User: "1" } }) }));
    expect(new Set([plain, filtered, other]).size).toBe(3);
  });

  it.each<[string, string, RegExp]>([
    ["a rule that isn't there", filterText({ rules: ["z"] }), /"z"/],
    ["a correlation", filterText({ rules: ["n"] }), /correlation/],
    ["a condition that names nothing", filterText({ condition: "not other" }), /other/],
    ["a placeholder without values", filterText({ selection: { "User|expand": "%x%" } }), /%x%/],
    ["no rules", filterText({ rules: [] }), /rules/],
    ["no log source", filterText().replace("logsource", "source"), /logsource/],
  ])("is refused for %s", async (_what, filter, reason) => {
    const count = correlationText({ type: "event_count", rules: ["a"], condition: { gte: 2 } });
    const problems = await problemsOf({ ...rules, "f.yml": filter, "n.yml": count });
    expect(problems).toEqual([{ file: "f.yml", line: 1, reason: expect.stringMatching(reason) }]);
  });
});
