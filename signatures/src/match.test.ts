import type { BehaviourEvent } from "@airlock/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRuleSet } from "./compile.ts";
import { matchEvents } from "./match.ts";
import { compilePredicate } from "./predicate.ts";
import { eventMaker } from "./testing/make-event.ts";
import { ruleText, signaturesFrom } from "./testing/make-signature.ts";

async function firedOn(files: Record<string, string>, events: readonly BehaviourEvent[]): Promise<string[]> {
  const fired: string[] = [];
  for await (const match of matchEvents(compileRuleSet(await signaturesFrom(files)), events)) {
    fired.push(`${match.signature.id} ${match.event.id}`);
  }
  return fired;
}

describe("matching", () => {
  it("looks at events of the rule's category only", async () => {
    const make = eventMaker();
    const rule = ruleText("{a: {Image: /bin/sh}, condition: a}");
    const events = [
      make("process_creation", { Image: "/bin/sh" }),
      make("file_access", { Image: "/bin/sh", TargetFilename: "/x" }),
    ];
    expect(await firedOn({ "r.yml": rule }, events)).toEqual(["r e1"]);
  });

  it("takes maps as all, lists of maps as any, and texts as keywords", async () => {
    const make = eventMaker();
    const events = [
      make("process_creation", { Image: "/a", CommandLine: "one two" }),
      make("process_creation", { Image: "/b", CommandLine: "two" }),
      make("process_creation", { Image: "/c", CommandLine: "three", Environment: ["LD_PRELOAD=/x.so"] }),
    ];
    const rules = {
      "all.yml": ruleText("{s: {Image: /a, CommandLine|contains: two}, condition: s}"),
      "any.yml": ruleText("{s: [{Image: /a}, {CommandLine: three}], condition: s}"),
      "words.yml": ruleText("{s: [ONE, ld_preload], condition: s}"),
      "every.yml": ruleText("{s: {'|all': [one, two]}, condition: s}"),
      "mixed.yml": ruleText("{s: [{Image: /b}, three], condition: s}"),
    };
    expect((await firedOn(rules, events)).toSorted()).toEqual(
      ["all e1", "any e1", "any e3", "every e1", "mixed e2", "mixed e3", "words e1", "words e3"].toSorted(),
    );
  });

  it("asks the process behind an event for what the event doesn't say", async () => {
    const make = eventMaker();
    const rule = ruleText(
      "{a: {TargetFilename: /etc/x, CommandLine|contains: evil}, f: {Ancestors|endswith: /dpkg}, condition: a and not f}",
      {
        category: "file_access",
      },
    );
    const touch = { TargetFilename: "/etc/x" };
    const events = [
      make("process_creation", { CommandLine: "evil" }, { process: "1:1" }),
      make("file_access", touch, { process: "1:1" }),
      make("file_access", touch, { process: "2:2" }),
      make("file_access", touch, { process: null }),
      make("process_creation", { CommandLine: "evil", Ancestors: ["/bin/sh", "/usr/bin/dpkg"] }, { process: "3:3" }),
      make("file_access", touch, { process: "3:3" }),
      make("process_creation", { CommandLine: "good" }, { process: "1:1" }),
      make("file_access", touch, { process: "1:1" }),
    ];
    expect(await firedOn({ "r.yml": rule }, events)).toEqual(["r e2"]);
  });

  it("asks the program that a process was forked with, until it starts one of its own", async () => {
    const make = eventMaker();
    const rule = ruleText("{a: {TargetFilename: /etc/x, CommandLine|contains: evil}, condition: a}", {
      category: "file_access",
    });
    const touch = { TargetFilename: "/etc/x" };
    const events = [
      make("process_creation", { CommandLine: "evil" }, { process: "1:1" }),
      make("process_fork", { ForkedFrom: "1:1" }, { process: "2:2" }),
      make("process_fork", { ForkedFrom: "2:2" }, { process: "3:3" }),
      make("process_fork", { ForkedFrom: "9:9" }, { process: "4:4" }),
      make("process_creation", { CommandLine: "good" }, { process: "1:1" }),
      make("file_access", touch, { process: "1:1" }),
      make("file_access", touch, { process: "2:2" }),
      make("file_access", touch, { process: "3:3" }),
      make("file_access", touch, { process: "4:4" }),
      make("process_creation", { CommandLine: "good" }, { process: "3:3" }),
      make("file_access", touch, { process: "3:3" }),
    ];
    expect(await firedOn({ "r.yml": rule }, events)).toEqual(["r e7", "r e8"]);
  });

  it("knows who put a program there in this run", async () => {
    const make = eventMaker();
    const rule = ruleText("{a: {TargetFilename: /etc/x, ImageWriters|endswith: /dpkg}, condition: a}", {
      category: "file_access",
    });
    const dpkg = { Image: "/usr/bin/dpkg", Ancestors: ["/usr/bin/apt-get"] };
    const place = { SourceFilename: "/usr/sbin/tool.dpkg-new", TargetFilename: "/usr/sbin/tool" };
    const touch = { TargetFilename: "/etc/x" };
    const events = [
      make("process_creation", { Image: "/usr/sbin/tool" }, { process: "1:1" }),
      make("process_creation", dpkg, { process: "2:2" }),
      make("file_event", { TargetFilename: "/usr/sbin/tool.dpkg-new", Operation: "create" }, { process: "2:2" }),
      make("file_rename", place, { process: "2:2" }),
      make("process_creation", { Image: "/usr/sbin/tool" }, { process: "3:3" }),
      make("file_access", touch, { process: "1:1" }),
      make("file_access", touch, { process: "3:3" }),
    ];
    expect(await firedOn({ "r.yml": rule }, events)).toEqual(["r e7"]);
  });

  it("knows who wrote the file that an event is on", async () => {
    const make = eventMaker();
    const rules = {
      "by.yml": ruleText("{a: {FileWriters|endswith: /sh}, condition: a}", { category: "file_access" }),
      "none.yml": ruleText("{a: {TargetFilename: /*, FileWriters: null}, condition: a}", { category: "file_access" }),
    };
    const events = [
      make("file_access", { TargetFilename: "/x" }),
      make("file_event", { TargetFilename: "/x", Operation: "create", Image: "/bin/sh" }),
      make("file_access", { TargetFilename: "/x" }),
      make("file_delete", { TargetFilename: "/x" }),
      make("file_access", { TargetFilename: "/x" }),
    ];
    expect(await firedOn(rules, events)).toEqual(["none e1", "by e3", "none e5"]);
  });

  it("sees log lines in output and in written files, and nothing else there", async () => {
    const make = eventMaker();
    const rule = "title: T\nlogsource: {product: linux, service: sshd}\ndetection: {k: [bad packet], condition: k}\n";
    const events = [
      make("output", { Stream: "stderr", Message: "sshd: Bad Packet from peer" }, { process: null }),
      make("file_event", { TargetFilename: "/var/log/auth.log", Operation: "write", Content: "bad packet" }),
      make("file_event", { TargetFilename: "/tmp/bad packet", Operation: "create" }),
      make("process_creation", { CommandLine: "bad packet" }),
    ];
    expect(await firedOn({ "r.yml": rule }, events)).toEqual(["r e1", "r e2"]);
  });

  it("ignores derived events that somebody put into the input", async () => {
    const make = eventMaker();
    const rule = ruleText("{a: {Fact: ports-touched, Ports|gte: 2}, condition: a}", { category: "derived" });
    const forged = make("derived", { Fact: "ports-touched", Ports: 99, Sources: [] });
    expect(await firedOn({ "r.yml": rule }, [forged])).toEqual([]);
  });
});

const value = fc.constantFrom("alpha", "beta*", "*gamma", "*al?ha*", "be", "", "*", "x");
const test = fc.record({
  field: fc.constantFrom("Image", "CommandLine", "Ancestors"),
  modifier: fc.constantFrom("", "|contains", "|endswith", "|neq", "|re"),
  values: fc.array(
    value.map((v) => v.replaceAll("*", "")),
    { minLength: 1, maxLength: 3 },
  ),
  all: fc.boolean(),
});
const condition = fc.constantFrom(
  "a",
  "a or b",
  "a and b",
  "not a",
  "a and not b",
  "b or not a",
  "1 of them",
  "(a or b) and c",
);
const fieldText = fc.constantFrom("alpha", "BETA", "xgamma", "be", "x alpha y", "");

it("finds by its index whatever trying every rule would find", async () => {
  const rules = fc.sample(fc.record({ a: test, b: test, c: test, condition }), { numRuns: 150, seed: 7 });
  const files = Object.fromEntries(
    rules.map((rule, index) => {
      const search = (part: typeof rule.a): object => ({
        [`${part.field}${part.modifier}${part.all ? "|all" : ""}`]: part.values,
      });
      const detection = { a: search(rule.a), b: search(rule.b), c: search(rule.c), condition: rule.condition };
      return [`r${index}.yml`, ruleText(JSON.stringify(detection))];
    }),
  );
  const signatures = await signaturesFrom(files);
  const ruleSet = compileRuleSet(signatures);
  const events = fc
    .sample(
      fc.record(
        { Image: fieldText, CommandLine: fieldText, Ancestors: fc.array(fieldText, { maxLength: 2 }) },
        { requiredKeys: [] },
      ),
      { numRuns: 100, seed: 8 },
    )
    .map((fields) => eventMaker()("process_creation", fields));
  for (const event of events) {
    const found: string[] = [];
    for await (const match of matchEvents(ruleSet, [event])) found.push(match.signature.id);
    const expected = signatures
      .filter(
        ({ expression }) =>
          expression !== null && compilePredicate(expression)({ event, process: undefined, file: undefined }),
      )
      .map(({ id }) => id);
    expect(found.toSorted()).toEqual(expected.toSorted());
  }
});
