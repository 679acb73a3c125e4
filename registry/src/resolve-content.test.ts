import { expect, test } from "vitest";
import { type BlobDescriptor, type ContentSource, digestOf } from "./content.ts";
import { resolveContent } from "./resolve-content.ts";

const OCI = "application/vnd.oci.image";
const code = (name: string) => expect.objectContaining({ code: name });

/** An image store in memory: everything put in is found by its digest, and by the names given. */
class MemorySource implements ContentSource {
  readonly blobs = new Map<string, Uint8Array>();

  put(json: unknown, name?: string): { digest: string; size: number } {
    const bytes = Buffer.from(JSON.stringify(json));
    this.blobs.set(digestOf(bytes), bytes);
    if (name !== undefined) this.blobs.set(name, bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  }

  async readManifest(name: string) {
    return { bytes: this.blobs.get(name) ?? Buffer.alloc(0), mediaType: null };
  }

  async openBlob(blob: BlobDescriptor) {
    const bytes = this.blobs.get(blob.digest) ?? Buffer.alloc(0);
    return (async function* () {
      yield bytes.subarray(0, 10);
      yield bytes.subarray(10);
    })();
  }
}

function putImage(source: MemorySource, architecture: string, layers = 1) {
  const diffIds = Array.from({ length: layers }, (_, index) => `sha256:${String(index).repeat(64)}`);
  const config = { os: "linux", architecture, config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
  return source.put({
    schemaVersion: 2,
    config: { mediaType: `${OCI}.config.v1+json`, ...source.put(config) },
    layers: diffIds.map((digest) => ({ mediaType: `${OCI}.layer.v1.tar`, digest, size: 1 })),
  });
}

function entry(descriptor: object, architecture?: string) {
  const platform = architecture === undefined ? {} : { platform: { os: "linux", architecture } };
  return { mediaType: `${OCI}.manifest.v1+json`, ...descriptor, ...platform };
}

test("a tag leads through an index to the platform's own manifest", async () => {
  const source = new MemorySource();
  const amd = putImage(source, "amd64");
  const arm = putImage(source, "arm64");
  const index = source.put({ schemaVersion: 2, manifests: [entry(amd, "amd64"), entry(arm, "arm64")] }, "latest");
  const resolved = await resolveContent(source, "latest", ["linux/arm64"]);
  expect(resolved).toMatchObject({
    indexDigest: index.digest,
    manifestDigest: arm.digest,
    platform: "linux/arm64",
    layers: [{ compression: "none" }],
  });
  expect(digestOf(resolved.configBytes)).toBe(resolved.configDigest);
  await expect(resolveContent(source, "latest", ["linux/riscv64"])).rejects.toThrow(code("IMAGE_PLATFORM_UNSUPPORTED"));
});

test("a manifest named by digest must have it", async () => {
  const source = new MemorySource();
  const { digest } = putImage(source, "amd64");
  expect((await resolveContent(source, digest, ["linux/amd64"])).manifestDigest).toBe(digest);
  source.blobs.set(digest, source.blobs.get(putImage(source, "amd64", 2).digest) ?? Buffer.alloc(0));
  await expect(resolveContent(source, digest, ["linux/amd64"])).rejects.toThrow(code("IMAGE_DIGEST_MISMATCH"));
});

test("a config other than the one named is refused, and so is one for another platform than the index said", async () => {
  const source = new MemorySource();
  const { digest } = putImage(source, "amd64");
  await expect(resolveContent(source, digest, ["linux/arm64"])).rejects.toThrow(code("IMAGE_PLATFORM_UNSUPPORTED"));
  const { configDigest } = await resolveContent(source, digest, ["linux/amd64"]);
  const config = Buffer.from(source.blobs.get(configDigest) ?? "");
  source.blobs.set(configDigest, Buffer.from(config.toString().replace("amd64", "amd46")));
  await expect(resolveContent(source, digest, ["linux/amd64"])).rejects.toThrow(code("IMAGE_DIGEST_MISMATCH"));
  source.blobs.set(configDigest, config.subarray(1));
  await expect(resolveContent(source, digest, ["linux/amd64"])).rejects.toThrow(code("IMAGE_DIGEST_MISMATCH"));
});

test("an index that leads to itself ends", async () => {
  const source = new MemorySource();
  let inner = putImage(source, "amd64");
  for (let level = 0; level < 5; level++) {
    inner = source.put({
      schemaVersion: 2,
      manifests: [{ ...entry(inner, "amd64"), mediaType: `${OCI}.index.v1+json` }],
    });
  }
  await expect(resolveContent(source, inner.digest, ["linux/amd64"])).rejects.toThrow(code("IMAGE_MALFORMED"));
});

test("a config of more than 4 MiB is not even fetched", async () => {
  const source = new MemorySource();
  const { digest } = source.put({
    schemaVersion: 2,
    config: { mediaType: `${OCI}.config.v1+json`, digest: `sha256:${"1".repeat(64)}`, size: 5 * 1024 * 1024 },
    layers: [],
  });
  await expect(resolveContent(source, digest, ["linux/amd64"])).rejects.toThrow(code("IMAGE_TOO_LARGE"));
});
