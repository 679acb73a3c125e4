import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import Docker from "dockerode";
import { afterEach, describe, expect, test } from "vitest";
import { createRunName, type RunName } from "../run-name.ts";
import { buildImage, ImageArchive, packImage, type ScratchImage } from "./image-archive.ts";
import { openEngineImages, runTag } from "./images.ts";

const docker = new Docker();
const images = openEngineImages(docker);
const made: string[] = [];

/** A small image that no other test has: its label is random. */
function scratch(reference: string): ScratchImage {
  made.push(reference);
  return {
    reference,
    config: { Cmd: ["/bin/busybox", "true"], Labels: { unique: String(Math.random()) } },
    layers: [[{ path: "bin/" }, { path: "bin/busybox", content: readFileSync("/bin/busybox") }]],
  };
}

afterEach(async () => {
  for (const reference of made.splice(0)) {
    await docker
      .getImage(reference)
      .remove()
      .catch(() => {});
  }
});

test("a built image is found by name and by id, runs, and tells its layers' folders", async () => {
  const id = await buildImage(images, scratch("airlock-test/images:built"));
  const found = await images.inspect("airlock-test/images:built");
  expect(found?.id).toBe(id);
  expect((await images.inspect(id))?.image.config.command).toEqual(["/bin/busybox", "true"]);
  expect(found?.image.diffIds).toHaveLength(1);
  expect(found?.references).toEqual(["airlock-test/images:built"]);
  const container = await docker.createContainer({ Image: id, HostConfig: { NetworkMode: "none" } });
  try {
    await container.start();
    expect(await container.wait()).toEqual({ StatusCode: 0, Error: null });
  } finally {
    await container.remove({ force: true });
  }
});

test("an unknown image is null, and a name that would change the request's path is refused", async () => {
  expect(await images.inspect("airlock-test/there-is-none:1")).toBeNull();
  await expect(images.inspect("../containers")).rejects.toMatchObject({ code: "IMAGE_REFERENCE_INVALID" });
});

test("an engine that is not there is ENGINE_UNREACHABLE", async () => {
  const nowhere = openEngineImages(new Docker({ socketPath: "/nonexistent/docker.sock" }));
  await expect(nowhere.inspect("x")).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
});

describe("an image that a run brought", () => {
  test("goes when the run releases it", async () => {
    const run = createRunName();
    const id = await buildImage(images, scratch(runTag(run)));
    await images.release(run);
    expect(await images.inspect(id)).toBeNull();
    await images.release(run);
  });

  test("stays until the last of two runs has released it", async () => {
    const [first, second] = [createRunName(), createRunName()];
    const id = await buildImage(images, scratch(runTag(first)));
    expect(await images.hold(id, second)).toBe(true);
    await images.release(first);
    expect(await images.inspect(id)).not.toBeNull();
    await images.release(second);
    expect(await images.inspect(id)).toBeNull();
    expect(await images.hold(id, second)).toBe(false);
  });

  test("stays when the user has it too", async () => {
    const run = createRunName();
    const id = await buildImage(images, scratch("airlock-test/images:mine"));
    await images.hold(id, run);
    await images.release(run);
    expect((await images.inspect(id))?.references).toEqual(["airlock-test/images:mine"]);
  });

  test("is reaped once its owner is dead, and not before", async () => {
    const dead = await runNameOfDeadProcess();
    const alive = createRunName();
    const image = scratch(runTag(dead));
    const id = await buildImage(images, image);
    const living = await buildImage(images, scratch(runTag(alive)));
    expect(await images.reap()).toBeGreaterThanOrEqual(1);
    expect(await images.inspect(id)).toBeNull();
    expect(await images.inspect(living)).not.toBeNull();
    await images.release(alive);
  });
});

test("an image of a dead run that a container still uses stops no reaper, and goes with the next", async () => {
  const dead = await runNameOfDeadProcess();
  const id = await buildImage(images, scratch(runTag(dead)));
  const container = await docker.createContainer({ Image: id });
  try {
    await images.reap();
    expect(await images.inspect(id)).not.toBeNull();
    await expect(images.release(dead)).rejects.toMatchObject({ code: "ENGINE_ERROR" });
  } finally {
    await container.remove();
  }
  await images.reap();
  expect(await images.inspect(id)).toBeNull();
});

describe("a load that fails", () => {
  test("leaves nothing when the archive is cut off", async () => {
    const reference = runTag(createRunName());
    const { archive, configDigest } = await packImage(scratch(reference));
    const broken = async function* () {
      yield archive.subarray(0, archive.length - 512);
      throw new Error("the source broke off");
    };
    await expect(images.load(Readable.from(broken()))).rejects.toMatchObject({ code: "ENGINE_ERROR" });
    expect(await images.inspect(configDigest)).toBeNull();
    expect(await images.inspect(reference)).toBeNull();
  });

  test("stops the one who writes", async () => {
    const archive = new ImageArchive();
    const loading = images.load(archive.stream);
    loading.catch(() => {});
    const endless = async function* () {
      for (;;) yield Buffer.alloc(65_536);
    };
    const writing = archive.addLayer("layer-0.tar", 2 ** 40, endless());
    archive.abort(new Error("refused"));
    await expect(writing).rejects.toThrow("refused");
    await expect(loading).rejects.toMatchObject({ code: "ENGINE_ERROR" });
  });

  test("reports layers that are not what the config says", async () => {
    const other = Buffer.from(
      JSON.stringify({
        os: "linux",
        architecture: "amd64",
        config: {},
        rootfs: { type: "layers", diff_ids: [`sha256:${"0".repeat(64)}`] },
      }),
    );
    const archive = new ImageArchive();
    const loading = images.load(archive.stream);
    loading.catch(() => {});
    await archive.addLayer("layer-0.tar", 1024, chunk("\0".repeat(1024)));
    archive.finish(other, runTag(createRunName()), ["layer-0.tar"]);
    await expect(loading).rejects.toMatchObject({ code: "ENGINE_ERROR" });
  });
});

async function* chunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** A name as a process that has ended would have made it: same boot, a pid and start that are no more. */
async function runNameOfDeadProcess(): Promise<RunName> {
  const child = spawn("/bin/busybox", ["true"]);
  await new Promise((resolve) => child.on("exit", resolve));
  // A name of ours but for the process: its form is run-name.ts's business.
  return createRunName().split("-").with(2, String(child.pid)).join("-") as RunName;
}
