import { describe, expect, it } from "vitest";
import { correlationText, firedOn, matchesOf, wordText } from "../testing/fire.ts";
import { eventMaker } from "../testing/make-event.ts";

/** `<seconds> <command line> [user]`, one event each. */
function eventsOf(...lines: readonly string[]) {
  const make = eventMaker();
  return lines.map((line) => {
    const [at = "", CommandLine = "", User = "0"] = line.split(" ");
    return make("process_creation", { CommandLine, ...(User === "-" ? {} : { User }) }, { at: Number(at) });
  });
}

const words = Object.fromEntries(["a", "b", "c"].map((word) => [`${word}.yml`, wordText(word)]));
const gte = (count: number) => ({ gte: count });

describe("event_count", () => {
  const rules = { ...words, "many.yml": correlationText({ type: "event_count", rules: ["a"], condition: gte(3) }) };

  it("holds at each event with so many in the time up to it, both ends included", async () => {
    const events = eventsOf("0 a", "30 a", "60 a", "60.000000001 a", "90 a", "200 a");
    expect(await firedOn(rules, events)).toEqual(["many e3", "many e4", "many e5"]);
  });

  it("counts each group by itself, and no event without the field to group by", async () => {
    const events = eventsOf("1 a 0", "2 a 1", "3 a 0", "4 a -", "5 a -", "6 a -", "7 a 1", "8 a 1");
    expect(await firedOn(rules, events)).toEqual(["many e8"]);
  });

  it("counts all events together when nothing is grouped by", async () => {
    const all = correlationText({ type: "event_count", rules: ["a"], condition: gte(3), groupBy: [] });
    expect(await firedOn({ ...words, "all.yml": all }, eventsOf("1 a 0", "2 a 1", "3 a -"))).toEqual(["all e3"]);
  });

  it("counts an event once that several of the rules match", async () => {
    const many = correlationText({ type: "event_count", rules: ["a", "b"], condition: gte(3) });
    expect(await firedOn({ ...words, "many.yml": many }, eventsOf("1 ab", "2 b", "3 ab"))).toEqual(["many e3"]);
  });

  it.each<[object, string[]]>([
    [{ gt: 2 }, ["e3", "e4"]],
    [{ eq: 2 }, ["e2"]],
    [{ neq: 2 }, ["e1", "e3", "e4"]],
    [{ lt: 2 }, ["e1"]],
    [{ gt: 1, lte: 3 }, ["e2", "e3"]],
  ])("knows %j", async (condition, fired) => {
    const counted = correlationText({ type: "event_count", rules: ["a"], condition });
    const events = eventsOf("1 a", "2 a", "3 a", "4 a");
    expect(await firedOn({ ...words, "c.yml": wordText("c"), "n.yml": counted }, events)).toEqual(
      fired.map((id) => `n ${id}`),
    );
  });

  it("goes by the events' own time, which never runs backwards", async () => {
    const events = eventsOf("100 a", "10 a", "101 a", "155 a");
    expect(await firedOn(rules, events)).toEqual(["many e3", "many e4"]);
  });
});

describe("value_count", () => {
  it("counts different values, and goes by when each was last seen", async () => {
    const many = correlationText({
      type: "value_count",
      rules: ["a"],
      condition: { field: "CommandLine", gte: 3 },
    });
    const events = eventsOf("0 a1", "10 a2", "20 a1", "65 a3", "66 a3", "90 a4");
    expect(await firedOn({ ...words, "many.yml": many }, events)).toEqual(["many e4", "many e5"]);
  });

  it("takes several fields as one value, and counts nothing without one of them", async () => {
    const many = correlationText({
      type: "value_count",
      rules: ["a"],
      groupBy: [],
      condition: { field: ["CommandLine", "User"], gte: 3 },
    });
    const events = eventsOf("1 a 0", "2 a 1", "3 a -", "4 a 1", "5 a1 1");
    expect(await firedOn({ ...words, "many.yml": many }, events)).toEqual(["many e5"]);
  });
});

describe("value_sum, value_avg and value_percentile", () => {
  const make = eventMaker();
  const sent = (at: number, BytesSent?: number) =>
    make("network_connection", { Protocol: "tcp", Initiated: true, User: "0", BytesSent }, { at });
  const traffic = [sent(0, 10), sent(10, 30), sent(20), sent(30, 20), sent(75, 5)];
  const base = JSON.stringify({
    title: "sent",
    name: "sent",
    logsource: { category: "network_connection", product: "linux" },
    detection: { tcp: { Protocol: "tcp" }, condition: "tcp" },
  });

  it.each<[string, object, string[]]>([
    ["value_sum", { gte: 60 }, ["e4"]],
    ["value_sum", { lte: 25 }, ["e1", "e5"]],
    ["value_avg", { gte: 20 }, ["e2", "e4"]],
    ["value_avg", { eq: 12.5 }, ["e5"]],
    ["value_percentile", { gte: 20, percentile: 50 }, ["e4"]],
    ["value_percentile", { gte: 20 }, ["e4"]],
    ["value_percentile", { gte: 30, percentile: 100 }, ["e2", "e4"]],
    ["value_percentile", { eq: 5, percentile: 0 }, ["e5"]],
  ])("%s %j", async (type, condition, fired) => {
    const rule = correlationText({ type, rules: ["sent"], condition: { field: "BytesSent", ...condition } });
    expect(await firedOn({ "sent.yml": base, "n.yml": rule }, traffic)).toEqual(fired.map((id) => `n ${id}`));
  });

  it("takes no part that is no number, however it is written", async () => {
    const rule = correlationText({ type: "value_sum", rules: ["a"], condition: { field: "CommandLine", gte: 1 } });
    const numbers = { ...words, "a.yml": wordText("a", ""), "n.yml": rule };
    const events = eventsOf("1 Infinity", "2 1e308", "3 NaN", "4 x", "5 0x10", "6 -16");
    expect(await firedOn(numbers, events)).toEqual(["n e5"]);
  });
});

describe("temporal", () => {
  it("holds when all rules matched within the time, in whatever order", async () => {
    const near = correlationText({ type: "temporal", rules: ["a", "b", "c"] });
    const events = eventsOf("0 c", "30 a", "60 b", "61 b", "80 c", "200 a");
    expect(await firedOn({ ...words, "near.yml": near }, events)).toEqual(["near e3", "near e5"]);
  });

  it("takes a number of rules for all when the condition says so", async () => {
    const near = correlationText({ type: "temporal", rules: ["a", "b", "c"], condition: gte(2) });
    expect(await firedOn({ ...words, "near.yml": near }, eventsOf("1 a", "2 a", "3 c"))).toEqual(["near e3"]);
  });

  it("is met by one event that all rules match, and by no two groups together", async () => {
    const near = correlationText({ type: "temporal", rules: ["a", "b"] });
    const events = eventsOf("1 a 0", "2 b 1", "100 ab 2");
    expect(await firedOn({ ...words, "near.yml": near }, events)).toEqual(["near e3"]);
  });
});

describe("temporal_ordered", () => {
  const rules = { ...words, "row.yml": correlationText({ type: "temporal_ordered", rules: ["a", "b", "c"] }) };

  it("wants different events in the order of the rules", async () => {
    const events = eventsOf("1 c", "2 b", "3 abc", "4 bc", "5 c", "6 a");
    expect(await firedOn(rules, events)).toEqual(["row e5"]);
  });

  it("goes on from the latest beginning, and no longer than the time", async () => {
    const events = eventsOf("0 a", "50 a", "55 b", "100 a", "110 c", "111 c");
    expect(await firedOn(rules, events)).toEqual(["row e5"]);
  });

  it("counts the longest row when the condition asks for less than all", async () => {
    const row = correlationText({ type: "temporal_ordered", rules: ["a", "b", "c"], condition: gte(2) });
    const events = eventsOf("1 b", "2 a", "3 c", "4 a");
    expect(await firedOn({ ...words, "row.yml": row }, events)).toEqual(["row e3"]);
  });
});

describe("a correlation", () => {
  it("joins fields of different names by aliases", async () => {
    const make = eventMaker();
    const events = [
      make("process_creation", { CommandLine: "a", CurrentDirectory: "/x" }),
      make("file_access", { TargetFilename: "/y" }),
      make("file_access", { TargetFilename: "/x" }),
    ];
    const opened = JSON.stringify({
      title: "opened",
      name: "opened",
      logsource: { category: "file_access", product: "linux" },
      detection: { any: { "TargetFilename|startswith": "/" }, condition: "any" },
    });
    const near = correlationText({
      type: "temporal",
      rules: ["a", "opened"],
      groupBy: ["place"],
      aliases: { place: { a: "CurrentDirectory", opened: "TargetFilename" } },
    });
    expect(await firedOn({ ...words, "opened.yml": opened, "near.yml": near }, events)).toEqual(["near e3"]);
  });

  it("counts other correlations by the fields they were grouped by, and by those of the event", async () => {
    const burst = correlationText({ type: "event_count", rules: ["a"], condition: gte(3), name: "burst" });
    const story = correlationText({ type: "temporal_ordered", rules: ["burst", "b"], groupBy: ["User"] });
    const files = { "story.yml": [story, burst, wordText("a"), wordText("b")].join("\n---\n") };
    const events = eventsOf("1 b 1", "2 a 1", "3 a 1", "4 b 1", "5 a 1", "6 b 0", "7 b 1", "90 b 1");
    expect(await firedOn(files, events)).toEqual(["story e7"]);
  });

  it("shows the events that made it, and of each step the latest", async () => {
    const burst = correlationText({ type: "event_count", rules: ["a"], condition: gte(3), name: "burst" });
    const story = correlationText({ type: "temporal_ordered", rules: ["burst", "b"] });
    const files = { "story.yml": [story, burst, wordText("a"), wordText("b")].join("\n---\n") };
    const { matches } = await matchesOf(files, eventsOf("1 a", "2 a", "3 a", "4 c", "5 b"));
    expect(matches.map(({ sources }) => sources.map(({ id }) => id))).toEqual([["e1", "e2", "e3", "e5"]]);
    expect(matches[0]?.correlated).toEqual({ count: "temporal_ordered 2 within 60s", group: "User 0" });
  });

  it("leaves its rules no findings of their own, unless it says generate", async () => {
    const count = { type: "event_count", rules: ["a"], condition: gte(1) };
    const events = eventsOf("1 a");
    expect(await firedOn({ ...words, "n.yml": correlationText(count) }, events)).toEqual(["n e1"]);
    const generating = correlationText({ ...count, generate: true });
    expect(await firedOn({ ...words, "n.yml": generating }, events)).toEqual(["a e1", "n e1"]);
  });

  it("asks the process behind an event for fields to group by", async () => {
    const make = eventMaker();
    const start = (process: string, CommandLine: string) => make("process_creation", { CommandLine }, { process });
    const touch = (process: string, name: string) => make("file_access", { TargetFilename: name }, { process });
    const opened = JSON.stringify({
      title: "opened",
      name: "opened",
      logsource: { category: "file_access", product: "linux" },
      detection: { any: { "TargetFilename|startswith": "/" }, condition: "any" },
    });
    const rule = correlationText({
      type: "value_count",
      rules: ["opened"],
      groupBy: ["CommandLine"],
      condition: { field: "TargetFilename", gte: 2 },
    });
    const events = [start("1:1", "x"), start("2:2", "y"), touch("1:1", "/a"), touch("2:2", "/b"), touch("1:1", "/b")];
    expect(await firedOn({ "opened.yml": opened, "n.yml": rule }, events)).toEqual(["n e5"]);
  });

  it("counts facts as they are measured, but none that only the end brings", async () => {
    const make = eventMaker();
    const touch = (port: number) =>
      make(
        "network_connection",
        { Protocol: "tcp", Initiated: true, Image: "/x", DestinationIp: "198.51.100.1", DestinationPort: port },
        { at: port / 100 },
      );
    // Counts up to 32 are told at once, 33 only at the end.
    const events = Array.from({ length: 33 }, (_, index) => touch(index + 1));
    const ports = JSON.stringify({
      title: "ports",
      name: "ports",
      logsource: { category: "derived", product: "linux" },
      detection: { fact: { Fact: "ports-touched", "Ports|gte": 31 }, condition: "fact" },
    });
    const rule = correlationText({
      type: "event_count",
      rules: ["ports"],
      groupBy: [],
      condition: gte(1),
      generate: true,
    });
    const { matches } = await matchesOf({ "ports.yml": ports, "n.yml": rule }, events);
    const by = (id: string) => matches.filter(({ signature }) => signature.id === id).length;
    expect([by("ports"), by("n")]).toEqual([3, 2]);
  });
});

describe("bounds", () => {
  const rules = { ...words, "many.yml": correlationText({ type: "event_count", rules: ["a"], condition: gte(2) }) };
  const bounded = (groups: number, entries: number) => ({ correlations: { groups, entries } });

  it("let go of the group touched longest ago, and count what still counted", async () => {
    const events = eventsOf("1 a 0", "2 a 1", "3 a 2", "4 a 0", "5 a 0");
    const { matches, forgotten } = await matchesOf(rules, events, bounded(2, 100));
    expect(matches.map(({ event }) => event.id)).toEqual(["e5"]);
    expect(forgotten).toBe(2);
  });

  it("count nothing whose time was over", async () => {
    const events = eventsOf("1 a 0", "100 a 1", "200 a 2", "300 a 0");
    expect((await matchesOf(rules, events, bounded(1, 1))).forgotten).toBe(0);
  });

  it("hold for entries as they do for groups", async () => {
    const events = eventsOf("1 a 0", "2 a 1", "3 a 2");
    const { forgotten } = await matchesOf(rules, events, bounded(100, 2));
    expect(forgotten).toBe(1);
  });

  it("remember no more events than a lower bound needs, and lose nothing by it", async () => {
    const events = eventsOf(...Array.from({ length: 50 }, (_, index) => `${index} a`));
    const { matches, forgotten } = await matchesOf(rules, events, bounded(10, 2));
    expect(matches).toHaveLength(49);
    expect(forgotten).toBe(0);
  });
});
