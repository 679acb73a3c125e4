import { describe, expect, it } from "vitest";
import { listSignatures } from "./list.ts";
import { expandPlaceholders } from "./placeholders.ts";
import { hashRuleSet } from "./rule-set-hash.ts";
import { firedOn } from "./testing/fire.ts";
import { eventMaker } from "./testing/make-event.ts";
import { problemsOf, ruleText, signaturesFrom } from "./testing/make-signature.ts";

const values = new Map([
  ["one", ["1"]],
  ["two", ["a", "b"]],
]);

describe("a value with placeholders", () => {
  it.each<[string, string[]]>([
    ["%one%", ["1"]],
    ["x%two%y", ["xay", "xby"]],
    ["%two%-%two%", ["a-a", "a-b", "b-a", "b-b"]],
    ["plain", ["plain"]],
    ["100%", ["100%"]],
    ["\\%one%", ["%one%"]],
    ["\\%plain%one%", ["%plain1"]],
    ["\\%one\\%", ["%one%"]],
  ])("%s stands for %j", (value, expected) => {
    expect(expandPlaceholders(value, values)).toEqual(expected);
  });

  it("is refused when it stands for more than anybody means", () => {
    const many = new Map([["many", Array.from({ length: 200 }, (_, index) => String(index))]]);
    expect(() => expandPlaceholders("%many%%many%", many)).toThrow(expect.objectContaining({ unsupported: false }));
  });

  it("can't be had without values for each", () => {
    expect(() => expandPlaceholders("%one%%three%", values)).toThrow(expect.objectContaining({ unsupported: true }));
  });
});

describe("the modifier expand", () => {
  const make = eventMaker();
  const events = [
    make("process_creation", { User: "root", CommandLine: "id" }),
    make("process_creation", { User: "app", CommandLine: "id" }),
    make("network_connection", { Protocol: "tcp", Initiated: true, DestinationIp: "10.1.2.3" }),
  ];
  const rule = ruleText("{a: {User|expand: '%Administrators%'}, condition: a}");
  const given = "Administrators: [root, 'adm_*']\nInternal: 10.0.0.0/8\n";

  it("puts in what placeholders.yml says", async () => {
    const network = ruleText("{a: {DestinationIp|cidr|expand: '%Internal%'}, condition: a}", {
      category: "network_connection",
    });
    const files = { "r.yml": rule, "n.yml": network, "placeholders.yml": given };
    expect(await firedOn(files, events)).toEqual(["r e1", "n e3"]);
  });

  it("wants one of the values of each placeholder under all, and none under neq", async () => {
    const all = ruleText("{a: {CommandLine|contains|expand|all: ['%x%', '%y%']}, condition: a}");
    const neq = ruleText("{a: {User|neq|expand: '%Administrators%', CommandLine: id}, condition: a}");
    const files = { "all.yml": all, "neq.yml": neq, "placeholders.yml": `${given}x: [i, q]\ny: [d]\n` };
    expect((await firedOn(files, events)).toSorted()).toEqual(["all e1", "all e2", "neq e2"]);
  });

  it("leaves a rule without values loaded, and says why it doesn't apply", async () => {
    const [listed] = listSignatures(await signaturesFrom({ "r.yml": rule }));
    expect(listed).toMatchObject({ applies: false, reason: expect.stringMatching(/%Administrators%/) });
  });

  it("leaves percent signs alone without it", async () => {
    const plain = ruleText("{a: {User: '%Administrators%'}, condition: a}");
    const literal = make("process_creation", { User: "%Administrators%" });
    expect(await firedOn({ "r.yml": plain, "placeholders.yml": given }, [...events, literal])).toEqual(["r e4"]);
  });

  it("makes the values part of what the rule set is, of those that are used", async () => {
    const hash = async (placeholders: string) =>
      hashRuleSet(await signaturesFrom({ "r.yml": rule, "placeholders.yml": placeholders }));
    expect(await hash(given)).not.toBe(await hash("Administrators: root"));
    expect(await hash("Administrators: root")).toBe(await hash("Administrators: [root]\nother: 1"));
  });

  it.each([
    ["a list", "- root", 1],
    ["a map in a map", "Administrators:\n  Unix: root", 2],
    ["an empty list", "a: b\nAdministrators: []", 2],
    ["no YAML", "a: [", 1],
  ])("refuses %s for a placeholder file", async (_what, text, line) => {
    expect(await problemsOf({ "placeholders.yml": text })).toMatchObject([{ file: "placeholders.yml", line }]);
  });
});
