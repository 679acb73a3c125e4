import { createHash } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import type { Digest } from "@airlock/contracts";
import { type Pack, pack } from "tar-stream";
import type { EngineImages } from "./images.ts";

/**
 * Writes the archive form that every engine loads (`docker save`'s), layer by layer in any order, without a temporary file.
 * The manifest comes last: until `finish` the engine has nothing that it could keep.
 */
export class ImageArchive {
  readonly #pack: Pack = pack();
  /** For `EngineImages.load`; when that gives up and destroys it, `addLayer` rejects. */
  readonly stream: Readable = Readable.from(this.#pack);
  readonly #closed: Promise<never>;

  constructor() {
    this.#closed = new Promise((_, reject) => {
      this.#pack.once("error", reject);
      this.#pack.once("close", () => reject(new Error("nobody reads the archive any more")));
    });
    this.#closed.catch(() => {});
  }

  /** Copies one layer in, plain or gzip; `name` is ours. Rejects when the source does, or gives another number of bytes. */
  async addLayer(name: string, sizeBytes: number, source: AsyncIterable<Uint8Array>): Promise<void> {
    const entry = this.#pack.entry({ name, size: sizeBytes });
    entry.on("error", (error) => this.#pack.destroy(error));
    for await (const chunk of source) {
      if (!entry.write(chunk)) await Promise.race([once(entry, "drain"), this.#closed]);
    }
    const finished = once(entry, "finish");
    entry.end(Buffer.alloc(0));
    await Promise.race([finished, this.#closed]);
  }

  /** Config bytes as they are (their hash is the image's id), the one tag, and the layers' names, lowest first. */
  finish(config: Uint8Array, tag: string, layers: readonly string[]): void {
    const name = `${sha256(config)}.json`;
    this.#pack.entry({ name }, Buffer.from(config));
    const manifest = [{ Config: name, RepoTags: [tag], Layers: layers }];
    this.#pack.entry({ name: "manifest.json" }, JSON.stringify(manifest));
    this.#pack.finalize();
  }

  /** Ends the stream with an error, so that the engine drops what it has read. */
  abort(error: Error): void {
    this.#pack.destroy(error);
  }
}

/** One entry of a layer. Content makes it a file, `linkTo` a symbolic link, neither a folder. */
export interface LayerFile {
  readonly path: string;
  readonly content?: Uint8Array | string;
  readonly linkTo?: string;
  /** Default 0755. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** An image from nothing, as a Dockerfile with `FROM scratch` would make it. */
export interface ScratchImage {
  readonly reference: string;
  /** The OCI config's own names: Entrypoint, Cmd, Env, WorkingDir, ExposedPorts, ... */
  readonly config: Readonly<Record<string, unknown>>;
  /** Lowest first. */
  readonly layers: readonly (readonly LayerFile[])[];
}

/** Packs it as a docker archive. Same input, same bytes. */
export async function packImage(image: ScratchImage): Promise<{ archive: Buffer; configDigest: Digest }> {
  const layers = await Promise.all(image.layers.map(packLayer));
  const config = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      created: "1970-01-01T00:00:00Z",
      config: image.config,
      rootfs: { type: "layers", diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
      history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "airlock" })),
    }),
  );
  const archive = new ImageArchive();
  const bytes = collect(archive.stream);
  for (const [index, layer] of layers.entries()) await archive.addLayer(layerName(index), layer.length, chunks(layer));
  archive.finish(
    config,
    image.reference,
    layers.map((_, index) => layerName(index)),
  );
  return { archive: await bytes, configDigest: `sha256:${sha256(config)}` };
}

/** Packs an image and loads it, without a builder: no intermediate images or containers. Returns its id. */
export async function buildImage(images: EngineImages, image: ScratchImage): Promise<Digest> {
  const { archive, configDigest } = await packImage(image);
  await images.load(Readable.from(chunks(archive)));
  return configDigest;
}

function layerName(index: number): string {
  return `layer-${index}.tar`;
}

/** The layer as an uncompressed tar. Same input, same bytes. */
export async function packLayer(files: readonly LayerFile[]): Promise<Buffer> {
  const layer = pack();
  const bytes = collect(layer);
  for (const { path, content, linkTo, mode = 0o755, uid = 0, gid = 0 } of files) {
    const header = { name: path, mode, uid, gid, mtime: new Date(0) };
    if (content !== undefined) layer.entry({ ...header, type: "file" }, Buffer.from(content));
    else if (linkTo !== undefined) layer.entry({ ...header, type: "symlink", linkname: linkTo });
    else layer.entry({ ...header, type: "directory" });
  }
  layer.finalize();
  return bytes;
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
