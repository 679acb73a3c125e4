import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PinnedImage } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { TestRange } from "./test-range.ts";

/** A sample that lives on in a thread after its first one has ended: kernel interfaces that go by process take it for dead. */

let range: TestRange;
let image: PinnedImage;

beforeAll(async () => {
  range = await TestRange.open();
  const folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
  try {
    const source = fileURLToPath(new URL("../native/try-headless.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-static", "-pthread", "-Wall", "-Werror", "-o", join(folder, "headless"), source]);
    image = await range.build([[{ path: "bin/headless", content: readFileSync(join(folder, "headless")) }]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

test("it is seen to sleep, and is killed, as process 1 and as another's child", async () => {
  for (const command of [["/bin/headless"], "headless & sleep 600"]) {
    const { recording } = await range.detonate(command, { image, plan: { durationMs: 1000 } });
    expect(recording.outcome.kind).toBe("timed-out");
    expect(recording.survivors).toContainEqual(
      expect.objectContaining({ comm: "headless", waitsOnTimerOnly: true, listening: false, connected: false }),
    );
  }
});

test("its files without a name are counted", async () => {
  const { recording } = await range.detonate(["/bin/headless", "/tmp/x"], { image, limits: { diskBytes: 32 << 20 } });
  expect(recording.limits).toContainEqual(expect.objectContaining({ limit: "disk" }));
  expect(recording.outcome.kind).toBe("killed");
});
