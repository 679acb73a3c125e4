import { type BehaviourEvent, Judgement } from "@airlock/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical-json.ts";
import { compileRuleSet } from "./compile.ts";
import { judge } from "./judge.ts";
import { readPacks } from "./pack.ts";
import { eventMaker } from "./testing/make-event.ts";
import { ruleText, signaturesFrom } from "./testing/make-signature.ts";

const packs = await readPacks();
const shipped = compileRuleSet(packs.map(({ signature }) => signature));
const traces = packs.flatMap(({ hits, misses }) => [...hits, ...misses].map(({ events }) => events));
const someEvents = fc
  .array(fc.constantFrom(...traces), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.flat() as BehaviourEvent[]);

describe("a judgement", () => {
  it("of the same events is the same bytes, and of the contract's form", () => {
    fc.assert(
      fc.property(someEvents, (events) => {
        const judgement = judge(events, shipped, []);
        expect(canonicalJson(judge(events, shipped, []))).toBe(canonicalJson(judgement));
        expect(Judgement.parse(judgement)).toEqual(judgement);
      }),
      { numRuns: 50 },
    );
  });

  it("is never milder for what came later", () => {
    fc.assert(
      fc.property(someEvents, fc.nat(), (events, cut) => {
        const part = judge(events.slice(0, cut % (events.length + 1)), shipped, []);
        const whole = judge(events, shipped, []);
        expect(whole.verdict.score).toBeGreaterThanOrEqual(part.verdict.score);
      }),
      { numRuns: 50 },
    );
  });

  it("counts each signature once however often it fires, and shows matches that look different", async () => {
    const rules = { "r.yml": ruleText("{a: {Image: /bin/x}, condition: a}", { level: "high" }) };
    const make = eventMaker();
    const events = Array.from({ length: 100 }, (_, index) =>
      make("process_creation", { Image: "/bin/x", CommandLine: index < 90 ? "same" : `other ${index}` }),
    );
    const { verdict, findings } = judge(events, compileRuleSet(await signaturesFrom(rules)), []);
    expect(verdict.score).toBe(50);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.matches).toBe(100);
    expect(findings[0]?.evidence.map(({ event }) => event)).toEqual(["e1", "e91", "e92", "e93", "e94"]);
  });

  it("puts the heaviest finding first, then goes by name", async () => {
    const detection = "{a: {Image: /bin/x}, condition: a}";
    const rules = {
      "b.yml": ruleText(detection, { level: "low" }),
      "a.yml": ruleText(detection, { level: "low" }),
      "c.yml": ruleText(detection, { level: "critical" }),
    };
    const event = eventMaker()("process_creation", { Image: "/bin/x" });
    const { findings } = judge([event], compileRuleSet(await signaturesFrom(rules)), []);
    expect(findings.map(({ signature }) => signature.id)).toEqual(["c", "a", "b"]);
  });

  it("shows the events behind a fact, and bounds every excerpt", async () => {
    const rule = ruleText("{a: {Fact: file-dropped-then-executed, WriterConnected: true}, condition: a}", {
      category: "derived",
    });
    const make = eventMaker();
    const long = "y".repeat(5000);
    const events = [
      make("network_connection", {
        Protocol: "tcp",
        Initiated: true,
        DestinationIp: "198.51.100.1",
        DestinationPort: 80,
      }),
      make("file_event", { TargetFilename: "/tmp/x", Operation: "create" }),
      make("process_creation", { Image: "/tmp/x", CommandLine: `/tmp/x\n${long}\u{1F600}` }, { process: "2:2" }),
    ];
    const { findings } = judge(events, compileRuleSet(await signaturesFrom({ "r.yml": rule })), []);
    const evidence = findings[0]?.evidence ?? [];
    expect(evidence.map(({ event }) => event)).toEqual(["d1", "e2", "e1", "e3"]);
    for (const { excerpt } of evidence) {
      expect(excerpt.length).toBeLessThanOrEqual(320);
      expect(excerpt).not.toContain("\n");
    }
  });
});
