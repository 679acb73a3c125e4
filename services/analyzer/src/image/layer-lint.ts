import { createHash } from "node:crypto";
import { once } from "node:events";
import { PassThrough, pipeline, type Readable } from "node:stream";
import * as zlib from "node:zlib";
import { createGunzip } from "node:zlib";
import { Fault, toFault } from "@airlock/contracts";
import type { ByteStream } from "@airlock/registry";
import { type Extract, extract, type Header } from "tar-stream";
import { normalizeImagePath } from "./config-lint.ts";
import { type EntryType, refuseEntry } from "./entry-rules.ts";
import type { ImageAccount } from "./image-limits.ts";
import { followLinks } from "./image-links.ts";

/** What was found in one layer while it went by. */
export interface LayerFindings {
  /** Symbolic links: normal path to target. */
  readonly links: Map<string, string>;
  /** Hash of the unpacked bytes, which the config names the layer by; null until the layer was read to its end. */
  diffId: string | null;
}

export function emptyFindings(): LayerFindings {
  return { links: new Map(), diffId: null };
}

/**
 * Passes a layer's bytes through unchanged while its entries are checked beside it; `findings` fills up as they go by.
 * The last read throws unless the whole layer was found good. Throws IMAGE_LAYER_REFUSED, IMAGE_TOO_LARGE, IMAGE_MALFORMED,
 * and what the source throws.
 */
export async function* lintLayer(
  source: ByteStream,
  account: ImageAccount,
  findings: LayerFindings,
): AsyncGenerator<Uint8Array> {
  const input = new PassThrough({ highWaterMark: 1024 * 1024 });
  const packed = { bytes: 0 };
  let checking: Promise<void> | null = null;
  try {
    for await (const chunk of startingWhole(source)) {
      checking ??= checkLayer(input, chunk, { account, findings, packed });
      checking.catch(() => {});
      packed.bytes += chunk.length;
      if (!input.write(chunk)) await Promise.race([once(input, "drain"), checking]);
      yield chunk;
    }
    input.end();
    await checking;
  } finally {
    input.destroy();
  }
}

/** Joins the first chunks until there are enough bytes to tell the form by. */
async function* startingWhole(source: ByteStream): ByteStream {
  let head: Uint8Array | null = new Uint8Array();
  for await (const chunk of source) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < MAGIC_BYTES) continue;
    yield head;
    head = null;
  }
  if (head !== null && head.length > 0) yield head;
}

const MAGIC_BYTES = 6;
/** Node inflates in pieces of 16 KiB unless told otherwise, which costs a third of the time. */
const CHUNK = 256 * 1024;

interface LayerCheck {
  readonly account: ImageAccount;
  readonly findings: LayerFindings;
  readonly packed: { bytes: number };
}

async function checkLayer(input: Readable, head: Uint8Array, check: LayerCheck): Promise<void> {
  const archive = extract({ allowUnknownFormat: true } as object);
  const reading = checkEntries(archive, check);
  try {
    await Promise.all([feed(unpack(input, head), archive, check), reading]);
  } catch (error) {
    archive.destroy();
    throw toFault(error, "IMAGE_MALFORMED", "a layer can't be read");
  }
}

/** By the first bytes and not by what a manifest says, for so does the engine. */
function unpack(input: Readable, head: Uint8Array): AsyncIterable<Uint8Array> {
  const magic = Buffer.from(head.subarray(0, MAGIC_BYTES)).toString("hex");
  if (magic.startsWith("1f8b08")) return through(input, createGunzip({ chunkSize: CHUNK }));
  if (/^28b52ffd|^5[0-9a-f]2a4d18/.test(magic)) return through(input, createZstdReader());
  if (magic.startsWith("425a68") || magic.startsWith("fd377a585a00")) {
    throw new Fault("IMAGE_LAYER_REFUSED", "a layer is compressed with bzip2 or xz, which is not looked into");
  }
  return input;
}

function through(input: Readable, reader: NodeJS.ReadWriteStream): AsyncIterable<Uint8Array> {
  pipeline(input, reader, () => {
    // An error reaches whoever iterates.
  });
  return reader as unknown as AsyncIterable<Uint8Array>;
}

/** Only newer versions of Node have it; its default bound on the window is 128 MiB. */
function createZstdReader(): NodeJS.ReadWriteStream {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => NodeJS.ReadWriteStream };
  if (createZstdDecompress !== undefined) return createZstdDecompress();
  throw new Fault(
    "IMAGE_LAYER_REFUSED",
    "a layer is compressed with zstd, which this version of Node can't look into",
    {
      hint: "Use Node 22.15 or later, or copy the image with `skopeo copy --dest-compress-format gzip --dest-force-compress-format`.",
    },
  );
}

async function feed(unpacked: AsyncIterable<Uint8Array>, archive: Extract, check: LayerCheck): Promise<void> {
  const hash = createHash("sha256");
  let total = 0;
  for await (const chunk of unpacked) {
    total += chunk.length;
    check.account.addUnpacked(chunk.length);
    check.account.checkExpansion(check.packed.bytes, total);
    hash.update(chunk);
    if (!archive.write(chunk)) await once(archive, "drain");
  }
  archive.end(Buffer.alloc(0));
  check.findings.diffId = `sha256:${hash.digest("hex")}`;
}

async function checkEntries(archive: Extract, check: LayerCheck): Promise<void> {
  for await (const entry of archive) {
    checkEntry(entry.header, check);
    entry.resume();
  }
}

function checkEntry(header: Header, { account, findings: { links } }: LayerCheck): void {
  const type = TYPES.get(header.type) ?? "other";
  const entry = { path: header.name, type, sizeBytes: header.size, target: header.linkname ?? null };
  account.addEntry(header.name);
  refuseAmbiguous(header, type);
  refuseEntry(entry);
  const path = normalizeImagePath(header.name);
  // An unpacker follows a link that this very layer made before.
  if (hasLinkedParent(path, links)) {
    for (const place of followLinks(path, (at) => own(links, at))) refuseEntry({ ...entry, path: place });
  }
  if (type === "symlink") {
    account.addLink(path, entry.target ?? "");
    links.set(path, entry.target ?? "");
  }
}

/** Almost never true, and so asked first. */
function hasLinkedParent(path: string, links: ReadonlyMap<string, string>): boolean {
  for (let slash = path.indexOf("/", 1); slash > 0; slash = path.indexOf("/", slash + 1)) {
    if (links.has(path.slice(0, slash))) return true;
  }
  return false;
}

function own(links: ReadonlyMap<string, string>, path: string): string[] {
  const target = links.get(path);
  return target === undefined ? [] : [target];
}

const TYPES = new Map<string, EntryType>([
  ["file", "file"],
  ["contiguous-file", "file"],
  ["directory", "folder"],
  ["symlink", "symlink"],
  ["link", "hardlink"],
  ["character-device", "character"],
  ["block-device", "block"],
  ["fifo", "fifo"],
]);

/** What two readers of tar take differently hides entries from one of them: content behind a link, sparse maps, new types. */
function refuseAmbiguous(header: Header, type: EntryType): void {
  const hasContent = header.size !== 0 && type !== "file" && type !== "folder";
  const pax = Object.keys((header.pax as object | null | undefined) ?? {});
  if (type === "other" || hasContent || pax.some((key) => key.startsWith("GNU.sparse"))) {
    throw new Fault("IMAGE_LAYER_REFUSED", "a layer has an entry that readers of tar archives take differently");
  }
}
