import { describe, expect, it } from "vitest";
import { loadAttackData, tacticsOf, techniquesOf } from "./attack.ts";

const attack = loadAttackData();

describe("the pinned ATT&CK data", () => {
  it("names only tactics that it holds, and replaces ids only by ones that it holds", () => {
    for (const [id, { tactics }] of Object.entries(attack.techniques)) {
      expect(id).toMatch(/^T\d{4}(\.\d{3})?$/);
      for (const tactic of tactics) expect(Object.keys(attack.tactics)).toContain(tactic);
    }
    for (const [old, id] of Object.entries(attack.replaced)) {
      expect(attack.techniques).not.toHaveProperty([old]);
      expect(attack.techniques).toHaveProperty([id]);
    }
  });

  it("knows both halves of what was Defense Evasion", () => {
    expect(tacticsOf(["T1070.004"], attack)).toEqual(["TA0005"]);
    expect(tacticsOf(["T1685"], attack)).toEqual(["TA0112"]);
  });
});

it("takes techniques from tags in any case, once each, and tactics of an unknown one from its parent", () => {
  expect(techniquesOf(["attack.t1059.004", "attack.T1059.004", "attack.execution", "T1003"], attack)).toEqual([
    "T1059.004",
  ]);
  expect(tacticsOf(["T1059.999", "T9999"], attack)).toEqual(["TA0002"]);
});
