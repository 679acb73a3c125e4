import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "@airlock/contracts";
import { connectEngine } from "@airlock/sandbox";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { buildTestImage, removeTestImage } from "../images/busybox-image.ts";
import { startCommand } from "./command.ts";
import { findResidue, type HostSnapshot, takeSnapshot } from "./host-residue.ts";

const IMAGE = "airlock-test/residue:latest";
const NEIGHBOUR = "airlock-test/neighbour:latest";
const VOLUME = { Volumes: { "/data": {} } };

/** Which of the twenty end how; the moment of each interruption is drawn below. */
const SOME = ["normal", "normal", "normal", "interrupt", "normal", "kill"] as const;
const ENDS = [...SOME, ...SOME, ...SOME, "interrupt", "interrupt"] as const;

beforeAll(async () => {
  // Exits by itself after a second, having left files, children and a volume behind.
  const script = "echo hello > /data/file; sleep 100 & wget -q -O /tmp/x http://example.test/x; sleep 1";
  await buildTestImage(IMAGE, { command: ["/bin/sh", "-c", script], config: VOLUME });
  await buildTestImage(NEIGHBOUR, { command: ["/bin/sleep", "600"], config: VOLUME });
});

afterAll(async () => {
  await removeTestImage(IMAGE);
  await removeTestImage(NEIGHBOUR);
});

/** A small generator with a printed seed, so that a failure can be run again. */
function drawMoments(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

it("leaves nothing behind after twenty analyses, eight of them cut off, and spares a live neighbour", async () => {
  const seed = Number(process.env["AIRLOCK_TEST_SEED"] ?? Date.now() % 2 ** 31);
  console.log(`AIRLOCK_TEST_SEED=${seed}`);
  const draw = drawMoments(seed);

  const before = await takeSnapshot();
  const neighbour = startCommand([
    "./airlock",
    "analyze",
    `docker:${NEIGHBOUR}`,
    "--format",
    "json",
    "--duration",
    "30m",
  ]);
  onTestFinished(() => void neighbour.child.kill("SIGINT"));
  await neighbour.waitForStderr(/detonate/);
  await containerOf(NEIGHBOUR);
  const withNeighbour = await settle(await takeSnapshot());

  for (const kind of ENDS) {
    const analysis = startCommand(["./airlock", "analyze", `docker:${IMAGE}`, "--format", "json", "--duration", "10s"]);
    if (kind !== "normal") {
      await sleep(draw() * 3500);
      analysis.child.kill(kind === "kill" ? "SIGKILL" : "SIGINT");
    }
    const { status, stderr, signal } = await analysis.result;
    if (kind === "normal") expect([0, 3], stderr).toContain(status);
    // Death by the signal itself: it came before there was anything to tear down.
    else if (kind === "interrupt") expect(signal === "SIGINT" || [0, 3, 130].includes(status), stderr).toBe(true);
    else expect(signal === "SIGKILL" || [0, 3].includes(status), stderr).toBe(true);
  }
  // The next call removes what killed ones left; its own image is gone as well.
  const last = await startCommand(["./airlock", "analyze", `docker:${IMAGE}`, "--format", "json", "--duration", "10s"])
    .result;
  expect([0, 3], last.stderr).toContain(last.status);
  expect(await residueSince(withNeighbour)).toEqual({});

  await endSample(await containerOf(NEIGHBOUR));
  const { status, stdout, stderr } = await neighbour.result;
  expect([0, 3], stderr).toContain(status);
  const report = JSON.parse(stdout) as Report;
  expect(report.coverage.sensors.filter(({ confirmed, aliveAtEnd }) => !confirmed || !aliveAtEnd)).toEqual([]);
  expect(report.run.outcome.kind).not.toBe("never-started");
  expect(await residueSince(before)).toEqual({});
}, 600_000);

/**
 * What is still there some seconds later: the kernel frees BPF programs and maps after a grace period, a moment after the
 * process that held them has gone. Anything that really stays fails the test all the same.
 */
async function residueSince(before: HostSnapshot): Promise<Record<string, string[]>> {
  const until = performance.now() + 5000;
  for (;;) {
    const residue = findResidue(before, await takeSnapshot());
    if (Object.keys(residue).length === 0 || performance.now() > until) return residue;
    await sleep(100);
  }
}

/** Id of the running sample of an image; waits for it. */
async function containerOf(image: string): Promise<string> {
  const { docker } = await connectEngine();
  const { Id: imageId } = await docker.getImage(image).inspect();
  for (let tries = 0; tries < 300; tries++) {
    const found = (await docker.listContainers()).find(({ ImageID }) => ImageID === imageId);
    if (found !== undefined) return found.Id;
    await sleep(100);
  }
  throw new Error(`no container of ${image} came up`);
}

async function endSample(container: string): Promise<void> {
  const { docker } = await connectEngine();
  await docker.getContainer(container).kill({ signal: "SIGKILL" });
}

/** The neighbour's own parts may still be coming up when its container runs. */
async function settle(first: HostSnapshot): Promise<HostSnapshot> {
  let last = first;
  for (;;) {
    await sleep(500);
    const next = await takeSnapshot();
    if (JSON.stringify(next) === JSON.stringify(last)) return next;
    last = next;
  }
}
