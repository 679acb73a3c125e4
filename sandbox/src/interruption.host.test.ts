import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { DetonationProgress } from "./sandbox.ts";
import { TestRange } from "./test-range.ts";

/** Whoever asks for an end gets it soon, at whatever moment, and nothing is left. */

let range: TestRange;

beforeAll(async () => {
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const interrupted = expect.objectContaining({ code: "INTERRUPTED" });

test.each<DetonationProgress["phase"]>(["preparing", "running", "stopping", "collecting"])(
  "interrupted when %s",
  async (when) => {
    const controller = new AbortController();
    const attempt = range.detonate("trap : TERM; sleep 600 & wait; sleep 600", {
      signal: controller.signal,
      plan: { durationMs: when === "running" ? 600_000 : 500, stopGraceMs: 300 },
      onProgress: ({ phase }) => {
        if (phase === when) controller.abort();
      },
    });
    await expect(attempt).rejects.toEqual(interrupted);
  },
);

test("interrupted before it began", async () => {
  await expect(range.detonate("true", { signal: AbortSignal.abort() })).rejects.toEqual(interrupted);
});

test("interrupted at moments in between", async () => {
  for (let ms = 20; ms < 900; ms += 110) {
    const controller = new AbortController();
    const attempt = range.detonate("sleep 600", { signal: controller.signal, plan: { durationMs: 600_000 } });
    const settled = expect(attempt).rejects.toEqual(interrupted);
    await sleep(ms);
    controller.abort();
    await settled;
  }
});
