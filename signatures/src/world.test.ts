import { expect, it } from "vitest";
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
  const hearing = openHearing(ruleSet, { processes: 1, files: 1 });
  const make = eventMaker();
  for (const process of ["1:1", "2:2"]) hearing.hear(make("process_creation", { Image: "/y" }, { process }));
  const { verdict } = hearing.conclude([]);
  expect(verdict.level).toBe("unknown");
  expect(verdict.reasons.map(({ code }) => code)).toEqual(["limit-hit"]);
});
