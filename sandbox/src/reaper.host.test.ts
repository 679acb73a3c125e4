import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planVolumes, sampleOptions } from "./docker/hardening.ts";
import { createVolumes } from "./docker/volumes.ts";
import { reap } from "./reaper.ts";
import { createRunFolder } from "./run-folder.ts";
import { createRunName, parseRunName, type RunName } from "./run-name.ts";
import { findResidue } from "./run-residue.ts";
import { planTrial, TestRange } from "./test-range.ts";

let range: TestRange;

beforeAll(async () => {
  range = await TestRange.open();
});
afterAll(() => range.close());

const reapAll = () => reap(range.sandbox.engine, range.sandbox.images);
/** Killed processes take a moment to be gone from the list, more so when they held programs in the kernel. */
const GONE = { timeout: 20_000 };
const residueOf = (run: RunName) => findResidue(range.sandbox.engine, run);

/** A process of its own that has a sample running; its death leaves everything behind. */
async function startOwner(): Promise<{ child: ChildProcess; run: RunName }> {
  const program = fileURLToPath(new URL("./run-owner.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions", "@airlock/source", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  const run = parseRunName(line.toString("utf8").trim());
  if (run === null) throw new Error(`not a run: ${line.toString("utf8")}`);
  return { child, run };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("when the owner of a running sample is killed", () => {
  test("its programs die with it, and the next one's reaper removes the rest, whatever it held", async () => {
    const { child, run } = await startOwner();
    await kill(child);
    await expect
      .poll(async () => (await residueOf(run)).filter((text) => /airlock-tracer|run-capture|sink/.test(text)), GONE)
      .toEqual([]);
    // The sample itself belongs to the engine and goes on.
    expect(await residueOf(run)).toEqual(
      expect.arrayContaining([expect.stringContaining("container"), expect.stringContaining("control group")]),
    );
    expect(existsSync(join(tmpdir(), "airlock", run))).toBe(true);

    expect(await reapAll()).toBeGreaterThan(0);
    await expect.poll(() => residueOf(run), GONE).toEqual([]);
    expect(existsSync(join(tmpdir(), "airlock", run))).toBe(false);
    expect(await reapAll()).toBe(0);
  });

  test("two reapers at once do not hinder each other", async () => {
    const { child, run } = await startOwner();
    await kill(child);
    await Promise.all([reapAll(), reapAll(), reapAll()]);
    await expect.poll(() => residueOf(run), GONE).toEqual([]);
  });
});

test("what belongs to a live neighbour is not touched", async () => {
  const { child, run } = await startOwner();
  try {
    const before = await residueOf(run);
    await reapAll();
    expect(await residueOf(run)).toEqual(before);
    expect(existsSync(join(tmpdir(), "airlock", run))).toBe(true);
  } finally {
    await kill(child);
    await reapAll();
  }
});

describe("what only looks like ours", () => {
  const dead = () => createRunName().replace(/-\d+-/, "-1-") as RunName;

  test("a container of somebody else, of an image with a forged label, is not touched", async () => {
    const { docker } = range.sandbox.engine;
    const image = await range.build([], { Labels: { "airlock.run": dead(), "airlock.role": "sample" } });
    const container = await docker.createContainer({ Image: image.configDigest, HostConfig: { NetworkMode: "none" } });
    try {
      await reapAll();
      expect((await container.inspect()).Config.Labels).toHaveProperty(["airlock.run"]);
    } finally {
      await container.remove({ force: true });
    }
  });

  test("folders of other names in our place are not touched", async () => {
    const folder = join(await createRunFolder(createRunName()), "..", "somebody-elses");
    mkdirSync(folder, { recursive: true });
    await reapAll();
    expect(existsSync(folder)).toBe(true);
  });
});

describe("when the owner was killed while the setting came up", () => {
  const dead = () => createRunName().replace(/-\d+-/, "-1-") as RunName;

  test("a volume without a container is reaped", async () => {
    const { docker } = range.sandbox.engine;
    const run = dead();
    const volume = { name: `${run}-volume-0`, path: "/data", heldAt: "/volumes/0" };
    await createVolumes(docker, planTrial("true", await range.build(), {}), [volume], run);
    expect(await residueOf(run)).toEqual([`volume ${volume.name}`]);
    await reapAll();
    expect(await residueOf(run)).toEqual([]);
  });

  test("a container that the engine is still making is waited for", async () => {
    const { docker } = range.sandbox.engine;
    const run = dead();
    const files = Array.from({ length: 3000 }, (_, index) => ({ path: `data/${index}`, content: "x" }));
    const image = await range.build([[{ path: "data" }, ...files]]);
    const plan = planTrial("true", image, { limits: { volumeInodes: 10_000 } });
    const volumes = planVolumes(plan, ["/data"], run);
    await createVolumes(docker, plan, volumes, run);
    const placement = {
      runName: run,
      image: image.configDigest,
      cgroupParent: "",
      volumes,
      hostCpus: 1,
      openFilesBound: 64,
    };
    const options = sampleOptions(plan, placement);
    const creating = docker
      .createContainer({ ...options, HostConfig: { ...options.HostConfig, NetworkMode: "none", IpcMode: "private" } })
      .catch(() => null);
    // It copies what the image has into the volume, and holds the volume meanwhile.
    await sleep(50);
    await reapAll();
    await creating;
    await reapAll();
    expect(await residueOf(run)).toEqual([]);
  });
});
