import type { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, it } from "vitest";
import { compileRuleSet } from "./compile.ts";
import { openHearing } from "./judge.ts";
import { eventMaker } from "./testing/make-event.ts";
import { ruleText, signaturesFrom } from "./testing/make-signature.ts";
import { World } from "./world.ts";

it("forgets the oldest when a sample makes too much to remember, and counts it", () => {
  const world = new World({ processes: 2, files: 2 });
  const make = eventMaker();
  for (const name of ["a", "b", "c"]) {
    world.observe(make("file_event", { TargetFilename: `/${name}`, Operation: "create" }, { process: null }));
  }
  expect(world.file("/a")).toBeUndefined();
  expect(world.file("/c")).toBeDefined();
  expect(world.forgotten).toBe(1);
});

it("makes a judgement unknown instead of benign when something was forgotten", async () => {
  const ruleSet = compileRuleSet(await signaturesFrom({ "r.yml": ruleText("{a: {Image: /x}, condition: a}") }));
  const hearing = openHearing(ruleSet, { world: { processes: 1, files: 1 } });
  const make = eventMaker();
  for (const process of ["1:1", "2:2"]) hearing.hear(make("process_creation", { Image: "/y" }, { process }));
  const { verdict } = hearing.conclude([]);
  expect(verdict.level).toBe("unknown");
  expect(verdict.reasons.map(({ code }) => code)).toEqual(["limit-hit"]);
});

describe("a process that was forked", () => {
  const make = eventMaker();
  const download = (writerEvents: readonly BehaviourEvent[]): boolean => {
    const world = new World();
    const connection = { Initiated: true, Protocol: "tcp", DestinationIp: "203.0.113.5", DestinationPort: 80 } as const;
    world.observe(make("process_creation", { Image: "/agent" }, { process: "1:1" }));
    world.observe(make("network_connection", connection, { process: "1:1" }));
    world.observe(make("process_fork", { ForkedFrom: "1:1" }, { process: "2:2" }));
    for (const event of writerEvents) world.observe(event);
    const file = world.file("/tmp/x");
    return file !== undefined && world.downloadOf(file) !== null;
  };
  const write = make("file_event", { TargetFilename: "/tmp/x", Operation: "create" }, { process: "2:2" });

  it("writes what its parent's connection brings", () => {
    expect(download([write])).toBe(true);
  });

  it("has no part in that connection as another program", () => {
    expect(download([make("process_creation", { Image: "/bin/date" }, { process: "2:2" }), write])).toBe(false);
  });

  it("keeps a connection of its own as another program", () => {
    const own = make(
      "network_connection",
      { Initiated: true, Protocol: "tcp", DestinationIp: "203.0.113.6", DestinationPort: 80 },
      { process: "2:2" },
    );
    expect(download([own, make("process_creation", { Image: "/bin/date" }, { process: "2:2" }), write])).toBe(true);
  });
});
