import { describe, expect, it } from "vitest";
import { listSignatures } from "../list.ts";
import { correlationText, firedOn, wordText } from "../testing/fire.ts";
import { eventMaker } from "../testing/make-event.ts";
import { problemsOf, signaturesFrom } from "../testing/make-signature.ts";

const parts = ["a", "b"].map((word) => wordText(word));
const count = { type: "event_count", rules: ["a"], condition: { gte: 1 } };

/** A correlation in YAML with its rules behind it, so that lines can be told. */
function yaml(section: string): string {
  return [`title: T\ncorrelation:\n${section}`, ...parts].join("\n---\n");
}

describe("a correlation's document", () => {
  it.each<[string, string, number, RegExp]>([
    ["an unknown type", "  type: moon\n  rules: [a]\n  timespan: 1m", 3, /type/],
    ["no time", "  type: temporal\n  rules: [a, b]", 3, /timespan/],
    ["a time of no unit", "  type: temporal\n  rules: [a, b]\n  timespan: 90", 5, /timespan/],
    ["no time at all", "  type: temporal\n  rules: [a, b]\n  timespan: 0m", 5, /0m/],
    ["an unknown unit", "  type: temporal\n  rules: [a, b]\n  timespan: 2f", 5, /2f/],
    ["no condition", "  type: event_count\n  rules: [a]\n  timespan: 1m", 3, /condition/],
    ["no field", "  type: value_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 2}", 6, /field/],
    [
      "a needless field",
      "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {field: X, gte: 2}",
      6,
      /field/,
    ],
    [
      "a sum of two fields",
      "  type: value_sum\n  rules: [a]\n  timespan: 1m\n  condition: {field: [X, Y], gte: 2}",
      6,
      /one/,
    ],
    [
      "a needless percentile",
      "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {percentile: 5, gte: 2}",
      6,
      /percentile/,
    ],
    ["an unknown comparison", "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {over: 2}", 6, /over/],
    [
      "more than is counted",
      "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 99999}",
      6,
      /16384/,
    ],
    ["more rules than there are", "  type: temporal\n  rules: [a, b]\n  timespan: 1m\n  condition: {gte: 3}", 6, /2/],
    ["a rule that isn't there", "  type: temporal\n  rules: [a, z]\n  timespan: 1m", 4, /"z"/],
    ["a rule named twice", "  type: temporal\n  rules: [a, a]\n  timespan: 1m", 4, /twice/],
    ["a rule under two names", "  type: temporal\n  rules: [a, rules.2]\n  timespan: 1m", 4, /twice/],
    [
      "an alias of another rule",
      "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 1}\n  aliases: {x: {b: User}}",
      7,
      /rules.3/,
    ],
    [
      "an alias of nothing",
      "  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: {gte: 1}\n  aliases:\n    x: {z: User}",
      8,
      /"z"/,
    ],
    ["itself", "  type: event_count\n  rules: [rules]\n  timespan: 1m\n  condition: {gte: 1}", 4, /itself/],
  ])("is refused for %s", async (_what, section, line, reason) => {
    const problems = await problemsOf({ "rules.yml": yaml(section) });
    expect(problems).toEqual([{ file: "rules.yml", line, reason: expect.stringMatching(reason) }]);
  });

  it("is refused with a detection in it, and when two go round", async () => {
    const both = JSON.stringify({ ...JSON.parse(correlationText(count)), detection: {} });
    expect(await problemsOf({ "x.yml": both, "a.yml": wordText("a") })).toHaveLength(1);
    const one = correlationText({ ...count, rules: ["two"], name: "one" });
    const two = correlationText({ ...count, rules: ["one"], name: "two" });
    expect(await problemsOf({ "x.yml": one, "y.yml": two })).toMatchObject([
      { reason: expect.stringMatching(/itself/) },
    ]);
  });

  it("names rules by id, by name, by slug, and first of all by name in its own file", async () => {
    const id = "5f0a4c1e-6f3b-4b52-9f0e-0a1d6c1f7b11";
    const withId = JSON.stringify({ ...JSON.parse(wordText("b")), id });
    const near = (rules: readonly string[]) => correlationText({ type: "temporal", rules });
    const files = { "by-slug.yml": near(["b-file", id.toUpperCase()]), "b-file.yml": wordText("a"), "c.yml": withId };
    expect(await problemsOf(files)).toEqual([]);
    const twice = { "x.yml": [near(["a", "b"]), ...parts].join("\n---\n"), "y.yml": wordText("a", "other") };
    expect(await problemsOf(twice)).toEqual([]);
    const unclear = {
      "x.yml": near(["a", "b"]),
      "y.yml": wordText("a"),
      "z.yml": wordText("a"),
      "b.yml": wordText("b"),
    };
    expect(await problemsOf(unclear)).toMatchObject([{ reason: expect.stringMatching(/two rules/) }]);
  });

  it("passes over documents that are empty", async () => {
    expect(await problemsOf({ "x.yml": `---\n${parts.join("\n---\n")}\n---\n` })).toEqual([]);
  });
});

describe("a correlation on rules that don't apply", () => {
  const windows = wordText("a").replace("linux", "windows");
  const listed = async (rule: string) => {
    const files = { "n.yml": rule, "a.yml": windows, "b.yml": wordText("b") };
    return listSignatures(await signaturesFrom(files)).find(({ id }) => id === "n");
  };

  it.each([
    correlationText(count),
    correlationText({ type: "temporal", rules: ["a", "b"] }),
    correlationText({ type: "temporal_ordered", rules: ["a", "b"], condition: { gte: 2 } }),
  ])("doesn't apply either, and says for whose sake", async (rule) => {
    expect(await listed(rule)).toMatchObject({ applies: false, reason: expect.stringMatching(/needs a.*windows/) });
  });

  it.each([
    correlationText({ ...count, rules: ["a", "b"] }),
    correlationText({ type: "temporal", rules: ["a", "b"], condition: { gte: 1 } }),
  ])("applies as long as the others suffice", async (rule) => {
    expect(await listed(rule)).toMatchObject({ applies: true, category: ["process_creation"] });
  });

  it("doesn't apply with a condition in words, which later drafts of Sigma have", async () => {
    const worded = JSON.parse(correlationText({ type: "temporal", rules: ["b", "b.2"] })) as { correlation: object };
    const rule = JSON.stringify({ ...worded, correlation: { ...worded.correlation, condition: "a and b" } });
    expect(await listed(rule)).toMatchObject({ applies: false, reason: expect.stringMatching(/words/) });
  });
});

it("takes nothing away from shipped signatures", async () => {
  const event = eventMaker()("file_access", { TargetFilename: "/etc/shadow", Image: "/bin/cat" });
  const name = "reads-password-hashes";
  const shipped = await signaturesFrom({}, true);
  expect(shipped.map(({ id }) => id)).toContain(name);
  const rule = correlationText({ ...count, rules: [name], groupBy: [] });
  expect(await firedOn({ "n.yml": rule }, [event], true)).toEqual(expect.arrayContaining([`${name} e1`, "n e1"]));
});
