import { Fault } from "@airlock/contracts";
import { describe, expect, it } from "vitest";
import { type CheckResult, fail, ok, runChecks } from "./check.ts";

describe("runChecks", () => {
  it("tells each result as it comes, and goes on after a failure", async () => {
    const told: CheckResult[] = [];
    const results = await runChecks(
      [
        { name: "first", look: () => fail("broken", "mend it") },
        { name: "second", look: () => ok("fine") },
      ],
      (result) => told.push(result),
    );
    expect(results.map((result) => result.status)).toEqual(["fail", "ok"]);
    expect(told).toEqual(results);
  });

  it("takes what a check throws for its result, with code and advice", async () => {
    const look = () => Promise.reject(new Fault("TRACER_MISSING", "not built", { hint: "Build it." }));
    const [result] = await runChecks([{ name: "recorder", look }], () => undefined);
    expect(result).toEqual({
      name: "recorder",
      status: "fail",
      measured: "not built [TRACER_MISSING]",
      advice: "Build it.",
    });
  });

  it("skips what rests on a failure, and what rests on that", async () => {
    const results = await runChecks(
      [
        { name: "engine", look: () => fail("down", "start it") },
        { name: "runtime", needs: ["engine"], look: () => ok("never looked at") },
        { name: "canary", needs: ["runtime"], look: () => ok("never looked at") },
        { name: "disk", look: () => ok("room") },
      ],
      () => undefined,
    );
    expect(results.map((result) => result.status)).toEqual(["fail", "skip", "skip", "ok"]);
  });
});
