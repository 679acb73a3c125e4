import { existsSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import type { CheckResult } from "./check.ts";
import { examineHost } from "./examination.ts";

/** Of this very process; neighbours may make theirs meanwhile. */
const listNamespaces = () =>
  (existsSync("/run/netns") ? readdirSync("/run/netns") : []).filter((name) => name.includes(`-${process.pid}-`));

it("finds this host fit for analyses, and leaves nothing of its probes", async () => {
  const told: CheckResult[] = [];
  const results = await examineHost((result) => told.push(result));
  expect(results.filter((result) => result.status === "fail" || result.status === "skip")).toEqual([]);
  expect(told).toEqual(results);
  expect(results.map((result) => result.name)).toEqual(
    expect.arrayContaining(["root", "kernel", "control groups", "engine", "runtime", "leftovers", "recorder", "sink"]),
  );
  expect(listNamespaces()).toEqual([]);
}, 60_000);

it("says of each failure what to do, and goes on with what doesn't depend on it", async () => {
  process.env["AIRLOCK_TRACER"] = "/no/such/tracer";
  process.env["DOCKER_HOST"] = "unix:///no/such/socket";
  try {
    const results = await examineHost(() => undefined);
    const byName = new Map(results.map((result) => [result.name, result]));
    expect(byName.get("recorder")).toMatchObject({
      status: "fail",
      measured: expect.stringContaining("[TRACER_MISSING]"),
    });
    expect(byName.get("engine")).toMatchObject({
      status: "fail",
      measured: expect.stringContaining("[ENGINE_UNREACHABLE]"),
    });
    expect(byName.get("leftovers")?.status).toBe("skip");
    expect(byName.get("sink")?.status).toBe("ok");
    for (const result of results) if (result.status === "fail") expect(result.advice).not.toBe("");
  } finally {
    delete process.env["AIRLOCK_TRACER"];
    delete process.env["DOCKER_HOST"];
  }
}, 60_000);
