import { describe, expect, it } from "vitest";
import { compileRuleSet } from "./compile.ts";
import { judge } from "./judge.ts";
import { lintPacks } from "./lint/index.ts";
import { readPacks, type Trace } from "./pack.ts";

const packs = await readPacks();
const ruleSet = compileRuleSet(packs.map((pack) => pack.signature));

function firedOn(trace: Trace): string[] {
  return judge(trace.events, ruleSet, []).findings.map((finding) => finding.signature.id);
}

describe("shipped packs", () => {
  it("are there", () => {
    expect(packs.length).toBeGreaterThan(0);
  });

  it("pass the linter", () => {
    expect(lintPacks(packs)).toEqual([]);
  });

  const hits = packs.flatMap((pack) => pack.hits.map((trace) => ({ pack, trace, name: `${pack.slug}/${trace.file}` })));
  it.each(hits)("$name fires", ({ pack, trace }) => {
    expect(firedOn(trace)).toContain(pack.slug);
  });

  // Near misses are ordinary behaviour: no signature at all may see something in them.
  const misses = packs.flatMap((pack) => pack.misses.map((trace) => ({ trace, name: `${pack.slug}/${trace.file}` })));
  it.each(misses)("$name is silent", ({ trace }) => {
    expect(firedOn(trace)).toEqual([]);
  });

  it.each(hits)("$name points at events that are there", ({ pack, trace }) => {
    const ids = new Set(trace.events.map((event) => event.id));
    const finding = judge(trace.events, ruleSet, []).findings.find((entry) => entry.signature.id === pack.slug);
    const events = finding?.evidence.map((entry) => entry.event) ?? [];
    expect(events.filter((id) => ids.has(id))).not.toEqual([]);
    expect(events.filter((id) => !ids.has(id) && !/^d\d+$/.test(id))).toEqual([]);
  });
});
