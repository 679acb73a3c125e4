import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { FaultCode, ImageSource, PinnedImage } from "@airlock/contracts";
import { type LocalRegistry, startRegistry } from "@airlock/registry/testing";
import {
  buildImage,
  connectEngine,
  createRunName,
  type EngineImages,
  type LayerFile,
  openEngineImages,
  packImage,
  type RunName,
  runTag,
  type ScratchImage,
} from "@airlock/sandbox";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AcquireDeps, acquire } from "./acquire.ts";

let images: EngineImages;
let registry: LocalRegistry;
let folder: string;
const runs: RunName[] = [];

beforeAll(async () => {
  images = openEngineImages((await connectEngine()).docker);
  registry = await startRegistry();
  folder = await mkdtemp(join(tmpdir(), "airlock-acquire-"));
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  for (const run of runs.splice(0)) await images.release(run);
});

/** Images differ by a random label, so that none is in the engine already. */
function scratch(layers: readonly (readonly LayerFile[])[], config: object = {}): ScratchImage {
  const labels = { unique: String(Math.random()) };
  return { reference: "airlock-test/acquire:1", config: { Cmd: ["/hello"], Labels: labels, ...config }, layers };
}

const clean = (config: object = {}) =>
  scratch([[{ path: "hello", content: "#!/bin/sh\n" }], [{ path: "data/" }, { path: "link", linkTo: "data" }]], config);

async function store(image: ScratchImage, name = `${Math.random()}.tar`) {
  const { archive, configDigest } = await packImage(image);
  const path = join(folder, name);
  await writeFile(path, archive);
  return { path, archive, configDigest };
}

function deps(changes: Partial<AcquireDeps> = {}): AcquireDeps {
  const run = createRunName();
  runs.push(run);
  return { images, run, registry: { credentials: null }, ...changes };
}

/** The whole life of an image that is brought in: pinned, there under the run's tag only, and gone after its release. */
async function comesAndGoes(source: ImageSource, configDigest: string): Promise<PinnedImage> {
  const given = deps();
  const { image, release } = await acquire(source, given);
  expect(image.configDigest).toBe(configDigest);
  expect((await images.inspect(configDigest))?.references).toEqual([runTag(given.run)]);
  expect(image.sizeBytes).toBeGreaterThan(0);
  await release();
  await release();
  expect(await images.inspect(configDigest)).toBeNull();
  return image;
}

async function refuses(source: ImageSource, fault: FaultCode, changes: Partial<AcquireDeps> = {}): Promise<void> {
  const given = deps(changes);
  await expect(acquire(source, given)).rejects.toMatchObject({ code: fault });
  expect(await images.inspect(runTag(given.run))).toBeNull();
}

const skopeo = (...args: string[]) => execFileSync("skopeo", ["--insecure-policy", ...args]);

describe("a clean image", () => {
  test("comes from a docker archive, plain or gzip", async () => {
    const { path, archive, configDigest } = await store(clean());
    const image = await comesAndGoes({ kind: "docker-archive", path }, configDigest);
    expect(image).toMatchObject({ digest: configDigest, digestKind: "config", reference: "airlock-test/acquire:1" });
    await writeFile(`${path}.gz`, gzipSync(archive));
    await comesAndGoes({ kind: "docker-archive", path: `${path}.gz` }, configDigest);
  });

  test("comes from what the engine itself saves", async () => {
    const image = clean();
    const id = await buildImage(images, image);
    execFileSync("docker", ["save", "-o", join(folder, "saved.tar"), image.reference]);
    execFileSync("docker", ["rmi", image.reference]);
    await comesAndGoes({ kind: "docker-archive", path: join(folder, "saved.tar") }, id);
  });

  test("comes from an OCI layout in a folder and in an archive, with one manifest digest", async () => {
    const { path, configDigest } = await store(clean());
    skopeo("copy", "--quiet", `docker-archive:${path}`, `oci:${folder}/layout:v1`);
    skopeo("copy", "--quiet", `oci:${folder}/layout:v1`, `oci-archive:${folder}/layout.tar:v1`);
    const stored = JSON.parse(skopeo("inspect", "--raw", "--config", `oci:${folder}/layout:v1`).toString());
    expect(stored.config.Cmd).toEqual(["/hello"]);
    const fromFolder = await acquire({ kind: "oci-layout", path: join(folder, "layout") }, deps());
    await fromFolder.release();
    expect(fromFolder.image).toMatchObject({ digestKind: "manifest", reference: "v1" });
    const fromArchive = await comesAndGoes(
      { kind: "oci-archive", path: join(folder, "layout.tar") },
      fromFolder.image.configDigest,
    );
    expect(fromArchive.manifestDigest).toBe(fromFolder.image.manifestDigest);
    expect(fromArchive.diffIds).toEqual(fromFolder.image.diffIds);
    expect(configDigest).toMatch(/^sha256:/);
  });

  test("comes from a registry, by the digest that its manifest has there", async () => {
    const { path } = await store(clean());
    await registry.push(`docker-archive:${path}`, "team/clean:1");
    const inspected = JSON.parse(
      skopeo("inspect", "--tls-verify=false", `docker://${registry.host}/team/clean:1`).toString(),
    );
    const raw = skopeo("inspect", "--tls-verify=false", "--raw", `docker://${registry.host}/team/clean:1`);
    const source = { kind: "registry", reference: `${registry.host}/team/clean:1` } as const;
    const image = await comesAndGoes(source, JSON.parse(raw.toString()).config.digest);
    expect(image).toMatchObject({ digest: inspected.Digest, digestKind: "manifest" });
    expect(image.reference).toBe(`${registry.host}/team/clean:1@${inspected.Digest}`);
  });

  test("of the local engine is used as it is and stays", async () => {
    const built = clean();
    const id = await buildImage(images, built);
    try {
      for (const name of [built.reference, id, id.slice(7, 19)]) {
        const { image, release } = await acquire({ kind: "engine", name }, deps());
        expect(image).toMatchObject({ configDigest: id, digestKind: "config" });
        await release();
      }
      expect((await images.inspect(id))?.references).toEqual([built.reference]);
      // The same image from elsewhere: nothing is loaded, nothing tagged, nothing removed.
      const { path } = await store(built);
      const again = await acquire({ kind: "docker-archive", path }, deps());
      expect((await images.inspect(id))?.references).toEqual([built.reference]);
      await again.release();
      expect(await images.inspect(id)).not.toBeNull();
    } finally {
      execFileSync("docker", ["rmi", built.reference]);
    }
  });

  test("that two analyses use stays until both have released it", async () => {
    const { path, configDigest } = await store(clean());
    const source = { kind: "docker-archive", path } as const;
    const [first, second] = await Promise.all([acquire(source, deps()), acquire(source, deps())]);
    const third = await acquire({ kind: "engine", name: configDigest }, deps());
    await first.release();
    await second.release();
    expect(await images.inspect(configDigest)).not.toBeNull();
    await third.release();
    expect(await images.inspect(configDigest)).toBeNull();
  });
});

describe("one of several images in a file", () => {
  test("is chosen by tag or by place, and has to be", async () => {
    const [one, two] = [clean(), clean()];
    const ids = [await buildImage(images, { ...one, reference: "airlock-test/acquire:1" })];
    ids.push(await buildImage(images, { ...two, reference: "airlock-test/acquire:2" }));
    const path = join(folder, "several.tar");
    try {
      execFileSync("docker", ["save", "-o", path, "airlock-test/acquire:1", "airlock-test/acquire:2"]);
    } finally {
      execFileSync("docker", ["rmi", "airlock-test/acquire:1", "airlock-test/acquire:2"]);
    }
    await refuses({ kind: "docker-archive", path }, "IMAGE_REFERENCE_INVALID");
    await refuses({ kind: "docker-archive", path: `${path}:airlock-test/acquire:3` }, "IMAGE_NOT_FOUND");
    for (const [place, tag] of ["airlock-test/acquire:1", "docker.io/airlock-test/acquire:2"].entries()) {
      await comesAndGoes({ kind: "docker-archive", path: `${path}:${tag}` }, ids[place] ?? "");
    }
    const { image, release } = await acquire({ kind: "docker-archive", path: `${path}:@1` }, deps());
    expect(ids).toContain(image.configDigest);
    await release();
  });

  test("of an OCI layout is chosen by its name", async () => {
    for (const name of ["a", "b"]) {
      const { path } = await store(clean());
      skopeo("copy", "--quiet", `docker-archive:${path}`, `oci:${folder}/several:${name}`);
    }
    const path = join(folder, "several");
    await refuses({ kind: "oci-layout", path }, "IMAGE_REFERENCE_INVALID");
    await refuses({ kind: "oci-layout", path: `${path}:c` }, "IMAGE_NOT_FOUND");
    const { image, release } = await acquire({ kind: "oci-layout", path: `${path}:b` }, deps());
    await release();
    expect(image.reference).toBe("b");
  });
});

describe("refused before the engine keeps anything:", () => {
  const evil: [string, ScratchImage, FaultCode][] = [
    ["a working directory in /proc", clean({ WorkingDir: "/proc/self/fd/7" }), "IMAGE_PATH_REFUSED"],
    [
      "a working directory that leads to /proc through links of two layers",
      scratch([[{ path: "srv", linkTo: "/a" }], [{ path: "a", linkTo: "proc/self/fd" }]], { WorkingDir: "/srv/7" }),
      "IMAGE_PATH_REFUSED",
    ],
    ["a volume at /", clean({ Volumes: { "/": {} } }), "IMAGE_PATH_REFUSED"],
    ["a link at /dev/null", scratch([[{ path: "dev/null", linkTo: "/proc/sysrq-trigger" }]]), "IMAGE_LAYER_REFUSED"],
    ["a /proc that is a link", scratch([[{ path: "proc", linkTo: "/tmp" }]]), "IMAGE_LAYER_REFUSED"],
    ["too many layers", scratch(Array.from({ length: 128 }, () => [])), "IMAGE_TOO_MANY_LAYERS"],
    ["an exposed port that is none", clean({ ExposedPorts: { "99999/tcp": {} } }), "IMAGE_MALFORMED"],
  ];

  test.each(evil)("%s in an archive", async (_, image, fault) => {
    const { path } = await store(image);
    await refuses({ kind: "docker-archive", path }, fault);
  });

  test("a link at /dev/null in a registry", async () => {
    const { path } = await store(scratch([[{ path: "hello" }], [{ path: "dev/null", linkTo: "/x" }]]));
    await registry.push(`docker-archive:${path}`, "team/evil:1");
    await refuses({ kind: "registry", reference: `${registry.host}/team/evil:1` }, "IMAGE_LAYER_REFUSED");
  });

  test("more bytes than are allowed", async () => {
    const { path } = await store(scratch([[{ path: "big", content: "x".repeat(100_000) }]]));
    await refuses({ kind: "docker-archive", path }, "IMAGE_TOO_LARGE", {
      limits: { unpackedBytes: 50_000 },
    });
  });

  test("another platform than this host's", async () => {
    const { path } = await store(clean());
    await refuses({ kind: "docker-archive", path }, "IMAGE_PLATFORM_UNSUPPORTED", { platform: "linux/s390x" });
  });

  test("layers that are not those of the config", async () => {
    const { archive } = await store(clean());
    const at = archive.indexOf("#!/bin/sh\n");
    archive.write("#!/bin/xx\n", at);
    await writeFile(join(folder, "changed.tar"), archive);
    await refuses({ kind: "docker-archive", path: join(folder, "changed.tar") }, "IMAGE_DIGEST_MISMATCH");
  });

  test("an OCI layout with a changed layer", async () => {
    const { path } = await store(clean());
    skopeo("copy", "--quiet", `docker-archive:${path}`, `oci:${folder}/changed:v1`);
    const index = JSON.parse(skopeo("inspect", "--raw", `oci:${folder}/changed:v1`).toString());
    const layer: string = index.layers[0].digest.slice(7);
    await writeFile(join(folder, "changed/blobs/sha256", layer), gzipSync(Buffer.alloc(1024)));
    await refuses({ kind: "oci-layout", path: join(folder, "changed") }, "IMAGE_DIGEST_MISMATCH");
  });

  test.each<[string, FaultCode]>([
    ["/nonexistent/image.tar", "IMAGE_NOT_FOUND"],
    ["/dev/zero", "IMAGE_NOT_FOUND"],
    ["/etc/hostname", "IMAGE_MALFORMED"],
  ])("%s as an archive", async (path, fault) => {
    await refuses({ kind: "docker-archive", path }, fault);
    await refuses({ kind: "oci-archive", path }, fault);
  });
});

describe("an image of the local engine is looked through as well", () => {
  const evil: [string, ScratchImage, FaultCode][] = [
    ["a link at /dev/null", scratch([[{ path: "dev/null", linkTo: "/x" }]]), "IMAGE_LAYER_REFUSED"],
    [
      "a working directory behind a link",
      scratch([[{ path: "srv", linkTo: "/proc/self/fd" }]], { WorkingDir: "/srv/7" }),
      "IMAGE_PATH_REFUSED",
    ],
  ];

  test.each(evil)("%s, in its folders and in what it saves", async (_, image, fault) => {
    const id = await buildImage(images, image);
    const withoutFolders: EngineImages = {
      ...images,
      inspect: async (name) => {
        const found = await images.inspect(name);
        return found === null ? null : { ...found, layerFolders: null };
      },
    };
    try {
      for (const engine of [images, withoutFolders]) {
        const given = deps({ images: engine });
        await expect(acquire({ kind: "engine", name: id }, given)).rejects.toMatchObject({ code: fault });
      }
      expect((await images.inspect(id))?.references).toEqual([image.reference]);
    } finally {
      execFileSync("docker", ["rmi", image.reference]);
    }
  });

  test("one that is not there", () => refuses({ kind: "engine", name: "airlock-test/none" }, "IMAGE_NOT_FOUND"));
});

describe("an interruption", () => {
  test("before, and in the middle of the layers, leaves nothing", async () => {
    const { path } = await store(clean());
    await refuses({ kind: "docker-archive", path }, "INTERRUPTED", { signal: AbortSignal.abort() });
    const abort = new AbortController();
    await refuses({ kind: "docker-archive", path }, "INTERRUPTED", {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
  });
});
