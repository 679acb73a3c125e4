import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { BehaviourEvent } from "@airlock/contracts";
import { compileRuleSet, judge, readPacks } from "@airlock/signatures";
import { describe, expect, it } from "vitest";

const CORPUS = new URL("./benign/", import.meta.url);
const recordings = readdirSync(CORPUS).filter((name) => name.endsWith(".ndjson.gz"));
const ruleSet = compileRuleSet((await readPacks()).map((pack) => pack.signature));

function readEvents(name: string): BehaviourEvent[] {
  const lines = gunzipSync(readFileSync(new URL(name, CORPUS)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => BehaviourEvent.parse(JSON.parse(line)));
}

// Recorded runs of real software: whatever is found high in them is a defect of a signature.
describe("ordinary software", () => {
  it("is there", () => {
    expect(recordings.length).toBeGreaterThanOrEqual(8);
  });

  it.each(recordings)("%s is benign", (name) => {
    const { verdict, findings } = judge(readEvents(name), ruleSet, []);
    const grave = findings.filter(({ weight }) => weight >= 50);
    expect(grave.map(({ signature, evidence }) => ({ id: signature.id, evidence }))).toEqual([]);
    expect(verdict.level).toBe("benign");
  });
});
