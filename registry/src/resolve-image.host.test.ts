import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseImageReference } from "@airlock/contracts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collectBounded, digestOf } from "./content.ts";
import { resolveImage } from "./resolve-image.ts";
import { LOCAL_LOGIN, type LocalRegistry, startRegistry } from "./testing.ts";

const PLATFORMS = ["linux/amd64"];
let registry: LocalRegistry;
let layout: string;

beforeAll(async () => {
  registry = await startRegistry();
  layout = await mkdtemp(join(tmpdir(), "airlock-layout-"));
  await writeLayout(layout);
  await registry.push(`oci:${layout}:v1`, "team/app:v1");
});
afterAll(async () => {
  await registry.stop();
  await rm(layout, { recursive: true });
});

const resolve = (name: string, options: Parameters<typeof resolveImage>[1] = {}) =>
  resolveImage(parseImageReference(name), { platforms: PLATFORMS, credentials: null, ...options });

const code = (name: string) => expect.objectContaining({ code: name });

describe("a registry on this host", () => {
  test("gives an image by tag and by digest, and its layers", async () => {
    const image = await resolve(`${registry.host}/team/app:v1`);
    const { manifestDigest, layers, config, diffIds } = image.resolved;
    expect(image.reference).toBe(`${registry.host}/team/app:v1@${manifestDigest}`);
    expect(config.command).toEqual(["/bin/true"]);
    expect(diffIds).toEqual([digestOf(Buffer.alloc(1024))]);
    const [layer] = layers;
    if (layer === undefined) throw new Error("no layer");
    const bytes = await collectBounded(await image.openLayer(layer), 4096, "layer");
    expect(digestOf(bytes)).toBe(layer.digest);
    const byDigest = await resolve(`${registry.host}/team/app@${manifestDigest}`);
    expect(byDigest.resolved).toEqual(image.resolved);
  });

  test("has no such tag, repository or platform", async () => {
    await expect(resolve(`${registry.host}/team/app:v2`)).rejects.toThrow(code("IMAGE_NOT_FOUND"));
    await expect(resolve(`${registry.host}/nobody/nothing`)).rejects.toThrow(code("IMAGE_NOT_FOUND"));
    await expect(resolve(`${registry.host}/team/app:v1`, { platforms: ["linux/s390x"] })).rejects.toThrow(
      code("IMAGE_PLATFORM_UNSUPPORTED"),
    );
  });

  test("that wants a log-in gets it, and refuses another", async () => {
    const closed = await startRegistry({ login: true });
    try {
      await closed.push(`oci:${layout}:v1`, "app");
      const image = await resolve(`${closed.host}/app`, { credentials: LOCAL_LOGIN });
      expect(image.resolved.layers).toHaveLength(1);
      for (const credentials of [null, { ...LOCAL_LOGIN, password: "wrong" }]) {
        await expect(resolve(`${closed.host}/app`, { credentials })).rejects.toThrow(code("REGISTRY_UNAUTHORIZED"));
      }
    } finally {
      await closed.stop();
    }
  });
});

describe("a front before the registry", () => {
  test("that wants a bearer token gets one for this repository, and storage behind it does not see it", async () => {
    const storage = await listen((headers, url) =>
      headers.authorization === undefined ? pass(registry.host, url) : 400,
    );
    const tokens = await listen((headers, url) =>
      headers.authorization === `Basic ${Buffer.from("ann:secret").toString("base64")}` &&
      url.searchParams.get("scope") === "repository:team/app:pull" &&
      url.searchParams.get("service") === "front"
        ? { status: 200, body: JSON.stringify({ token: "t0k" }) }
        : 401,
    );
    const challenge = `Bearer realm="http://${tokens.host}/token",service="front"`;
    const front = await listen((headers, url) => {
      if (headers.authorization !== "Bearer t0k") return { status: 401, headers: { "www-authenticate": challenge } };
      if (!url.pathname.includes("/blobs/")) return pass(registry.host, url);
      return { status: 307, headers: { location: `http://${storage.host}${url.pathname}` } };
    });
    try {
      const image = await resolve(`${front.host}/team/app:v1`, { credentials: LOCAL_LOGIN });
      for (const layer of image.resolved.layers) await collectBounded(await image.openLayer(layer), 4096, "layer");
      await expect(resolve(`${front.host}/team/app:v1`)).rejects.toThrow(code("REGISTRY_UNAUTHORIZED"));
    } finally {
      for (const server of [storage, tokens, front]) await server.close();
    }
  });

  test.each([
    ["redirects in a circle", { status: 302, headers: { location: "/v2/" } }, "REGISTRY_ERROR"],
    ["redirects to plain HTTP", { status: 302, headers: { location: "http://example.org/x" } }, "REGISTRY_ERROR"],
    ["redirects to a file", { status: 302, headers: { location: "file:///etc/passwd" } }, "REGISTRY_ERROR"],
    ["asks for a token elsewhere", bearer("http://example.org/token"), "REGISTRY_UNAUTHORIZED"],
    ["asks for a token from nowhere", bearer("x"), "REGISTRY_UNAUTHORIZED"],
    [
      "asks for an unknown log-in",
      { status: 401, headers: { "www-authenticate": "Negotiate" } },
      "REGISTRY_UNAUTHORIZED",
    ],
    ["forbids", { status: 403 }, "REGISTRY_UNAUTHORIZED"],
    ["limits the rate", { status: 429 }, "REGISTRY_ERROR"],
    ["is broken", { status: 503 }, "REGISTRY_ERROR"],
    ["answers with a page", { status: 200, body: "<html>" }, "IMAGE_MALFORMED"],
    ["answers with 5 MiB", { status: 200, body: "x".repeat(5 * 1024 * 1024) }, "IMAGE_TOO_LARGE"],
    [
      "has only the first manifest version",
      {
        status: 200,
        body: "{}",
        headers: { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" },
      },
      "IMAGE_MALFORMED",
    ],
  ] satisfies [string, Answer, string][])("that %s", async (_, answer, fault) => {
    const front = await listen(() => answer);
    try {
      await expect(resolve(`${front.host}/app`, { credentials: LOCAL_LOGIN })).rejects.toThrow(code(fault));
    } finally {
      await front.close();
    }
  });

  test("that changes a layer or cuts it off is found out", async () => {
    let cut = false;
    const front = await listen((_, url) => {
      if (!url.pathname.includes("/blobs/")) return pass(registry.host, url);
      return pass(registry.host, url, (body) => {
        if (cut) return body.subarray(0, -1);
        // The config is left alone, so that only the layer is wrong.
        return body[0] === 0x1f ? Buffer.concat([body.subarray(0, -1), Buffer.from([(body.at(-1) ?? 0) ^ 1])]) : body;
      });
    });
    try {
      const image = await resolve(`${front.host}/team/app:v1`);
      const [layer] = image.resolved.layers;
      if (layer === undefined) throw new Error("no layer");
      const read = async () => collectBounded(await image.openLayer(layer), 4096, "layer");
      await expect(read()).rejects.toThrow(code("IMAGE_DIGEST_MISMATCH"));
      cut = true;
      await expect(read()).rejects.toThrow(code("IMAGE_DIGEST_MISMATCH"));
    } finally {
      await front.close();
    }
  });

  test("that never answers, or stops in the middle, does not hold us", async () => {
    const silent = await listen(() => "silence");
    const stalling = await listen(() => "stall");
    const times = { headTimeoutMs: 200, stallTimeoutMs: 200 };
    try {
      await expect(resolve(`${silent.host}/app`, times)).rejects.toThrow(code("REGISTRY_UNREACHABLE"));
      await expect(resolve(`${stalling.host}/app`, times)).rejects.toThrow(code("REGISTRY_UNREACHABLE"));
      const signal = AbortSignal.timeout(100);
      await expect(resolve(`${silent.host}/app`, { signal })).rejects.toThrow(code("INTERRUPTED"));
    } finally {
      await silent.close();
      await stalling.close();
    }
  });
});

test("a port where nobody listens is REGISTRY_UNREACHABLE", async () => {
  const gone = await listen(() => 200);
  await gone.close();
  await expect(resolve(`${gone.host}/app`)).rejects.toThrow(code("REGISTRY_UNREACHABLE"));
});

type Answer =
  | number
  | "silence"
  | "stall"
  | { status: number; headers?: Record<string, string>; body?: string }
  | Forward;
interface Forward {
  upstream: string;
  path: string;
  change: (body: Buffer) => Buffer;
}

function bearer(realm: string): Answer {
  return { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}"` } };
}

function pass(upstream: string, url: URL, change: (body: Buffer) => Buffer = (body) => body): Answer {
  return { upstream, path: url.pathname, change };
}

/** A small HTTP server that answers each request as told. */
async function listen(answerTo: (headers: IncomingHttpHeaders, url: URL) => Answer) {
  const server: Server = createServer((incoming, outgoing) => {
    const answer = answerTo(incoming.headers, new URL(incoming.url ?? "/", "http://x"));
    if (answer === "stall") outgoing.writeHead(200, { "content-length": "100" }).write("{");
    else if (typeof answer === "number") outgoing.writeHead(answer).end();
    else if (answer !== "silence" && "status" in answer) {
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    } else if (answer !== "silence") void forward(answer, incoming, outgoing);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function forward(answer: Forward, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const headers = { accept: incoming.headers.accept ?? "" };
  const response = await fetch(`http://${answer.upstream}${answer.path}`, { headers });
  const body = answer.change(Buffer.from(await response.arrayBuffer()));
  const type = response.headers.get("content-type") ?? "";
  outgoing.writeHead(response.status, { "content-type": type }).end(body);
}

/** An OCI layout with one image of one empty layer, written by hand. */
async function writeLayout(folder: string): Promise<void> {
  const OCI = "application/vnd.oci.image";
  const put = async (bytes: Buffer) => {
    const digest = digestOf(bytes);
    await writeFile(join(folder, "blobs/sha256", digest.slice(7)), bytes);
    return { digest, size: bytes.length };
  };
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  const layer = Buffer.alloc(1024);
  const config = {
    os: "linux",
    architecture: "amd64",
    config: { Cmd: ["/bin/true"] },
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, ...(await put(Buffer.from(JSON.stringify(config)))) },
    layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, ...(await put(gzipSync(layer))) }],
  };
  const entry = { mediaType: manifest.mediaType, ...(await put(Buffer.from(JSON.stringify(manifest)))) };
  const index = {
    schemaVersion: 2,
    manifests: [{ ...entry, annotations: { "org.opencontainers.image.ref.name": "v1" } }],
  };
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}
