import { expect, test } from "vitest";
import { readConfigDocument, readManifestDocument } from "./documents.ts";

const digest = `sha256:${"1".repeat(64)}`;
const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
const bytes = (json: unknown) => Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
const code = (name: string) => expect.objectContaining({ code: name });

const config = { mediaType: `${OCI}.config.v1+json`, digest, size: 2 };
const layer = { mediaType: `${OCI}.layer.v1.tar+gzip`, digest, size: 3 };
const manifest = { schemaVersion: 2, mediaType: `${OCI}.manifest.v1+json`, config, layers: [layer] };

test("an OCI manifest and a Docker one are the same to us", () => {
  const expected = {
    kind: "manifest",
    config: { digest, sizeBytes: 2 },
    layers: [{ digest, sizeBytes: 3, compression: "gzip" }],
  };
  expect(readManifestDocument(bytes(manifest), null)).toEqual(expected);
  const docker = {
    schemaVersion: 2,
    config: { ...config, mediaType: `${DOCKER}.container.image.v1+json` },
    layers: [{ ...layer, mediaType: `${DOCKER}.image.rootfs.diff.tar.gzip` }],
  };
  expect(readManifestDocument(bytes(docker), `${DOCKER}.distribution.manifest.v2+json`)).toEqual(expected);
});

test("an index gives platforms, and null where there is none or a strange one", () => {
  const entry = { mediaType: manifest.mediaType, digest, size: 9 };
  const index = {
    schemaVersion: 2,
    manifests: [
      { ...entry, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
      { ...entry, platform: { os: "linux; rm", architecture: "amd64" } },
      { ...entry, platform: 7, annotations: { "org.opencontainers.image.ref.name": "v1" } },
    ],
  };
  expect(readManifestDocument(bytes(index), `${OCI}.index.v1+json`)).toMatchObject({
    kind: "index",
    entries: [{ platform: "linux/arm64/v8" }, { platform: null }, { platform: null, refName: "v1" }],
  });
});

test.each([
  ["not JSON", "{"],
  ["not UTF-8", "\uFFFD"],
  ["a list", []],
  ["version 1", { schemaVersion: 1, fsLayers: [] }],
  ["manifest and index at once", { ...manifest, manifests: [] }],
  ["another type than the registry said", { ...manifest, mediaType: `${OCI}.index.v1+json`, layers: undefined }],
  ["an artifact", { ...manifest, config: { ...config, mediaType: "application/vnd.cncf.helm.config.v1+json" } }],
  ["a layer of unknown type", { ...manifest, layers: [{ ...layer, mediaType: "application/x-tar" }] }],
  ["an encrypted layer", { ...manifest, layers: [{ ...layer, mediaType: `${OCI}.layer.v1.tar+gzip+encrypted` }] }],
  ["a layer by sha512", { ...manifest, layers: [{ ...layer, digest: `sha512:${"1".repeat(128)}` }] }],
  ["a digest that is a path", { ...manifest, layers: [{ ...layer, digest: "sha256:../../../../etc/passwd" }] }],
  ["a negative size", { ...manifest, layers: [{ ...layer, size: -1 }] }],
  ["a size that is no exact number", { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] }],
])("%s is malformed", (_, json) => {
  expect(() => readManifestDocument(bytes(json), `${OCI}.manifest.v1+json`)).toThrow(code("IMAGE_MALFORMED"));
});

test.each([
  ["with addresses", { ...layer, urls: ["https://example.org/layer"] }],
  ["that may not be distributed", { ...layer, mediaType: `${OCI}.layer.nondistributable.v1.tar+gzip` }],
  ["that is foreign", { ...layer, mediaType: `${DOCKER}.image.rootfs.foreign.diff.tar.gzip` }],
])("a layer %s is refused", (_, foreign) => {
  expect(() => readManifestDocument(bytes({ ...manifest, layers: [foreign] }), null)).toThrow(
    code("IMAGE_LAYER_REFUSED"),
  );
});

test("a config's platform, settings and layers are read", () => {
  const document = {
    os: "linux",
    architecture: "arm64",
    variant: "v8",
    rootfs: { type: "layers", diff_ids: [digest] },
  };
  expect(readConfigDocument(bytes({ ...document, config: { Cmd: ["x"] } }))).toMatchObject({
    platform: "linux/arm64/v8",
    config: { command: ["x"] },
    diffIds: [digest],
  });
  for (const bad of [{ ...document, os: "" }, { ...document, rootfs: {} }, { ...document, rootfs: null }, null]) {
    expect(() => readConfigDocument(bytes(bad))).toThrow(code("IMAGE_MALFORMED"));
  }
});

test("JSON nested a million deep is an answer like any other", () => {
  const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
  expect(() => readManifestDocument(bytes(deep), null)).toThrow(code("IMAGE_MALFORMED"));
  expect(readManifestDocument(bytes(`{"annotations":${deep},${JSON.stringify(manifest).slice(1)}`), null).kind).toBe(
    "manifest",
  );
});
