import { createReadStream } from "node:fs";
import { constants, type FileHandle, open } from "node:fs/promises";
import { join, posix } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Fault, toFault } from "@airlock/contracts";
import type { ByteStream } from "@airlock/registry";
import { extract } from "tar-stream";

export interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly bytes: ByteStream;
}

/** The files of an image on disk, by names that we choose: a folder, or a tar archive, gzip or not. */
export interface FileSet {
  /** Null when there is none. Throws IMAGE_TOO_LARGE for one that is longer than `limit`. */
  read(name: string, limit: number): Promise<Uint8Array | null>;
  /** The files of these names that exist, each once, in whatever order they are stored; each must be read before the next. */
  stream(names: ReadonlySet<string>): AsyncIterable<StoredFile>;
}

/** A folder. Links and whatever else is no plain file are taken as missing. */
export class FolderFiles implements FileSet {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(name: string, limit: number): Promise<Uint8Array | null> {
    for await (const file of this.stream(new Set([name]))) return await collect(file, limit);
    return null;
  }

  async *stream(names: ReadonlySet<string>): AsyncIterable<StoredFile> {
    for (const name of names) {
      const file = await openPlain(join(this.#folder, name));
      if (file === null) continue;
      try {
        const { size } = await file.stat();
        yield { name, sizeBytes: size, bytes: file.createReadStream({ autoClose: false, highWaterMark: CHUNK }) };
      } finally {
        await file.close();
      }
    }
  }
}

/** An archive, read from its start each time: nothing is unpacked to disk. */
export class ArchiveFiles implements FileSet {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(name: string, limit: number): Promise<Uint8Array | null> {
    for await (const file of this.stream(new Set([name]))) return await collect(file, limit);
    return null;
  }

  async *stream(names: ReadonlySet<string>): AsyncIterable<StoredFile> {
    const wanted = new Set(names);
    const entries = this.#entries();
    for await (const { header, bytes } of entries) {
      const name = posix.normalize(header.name);
      // The first of several entries with one name counts; a second can't take its place unseen.
      if (header.type === "file" && wanted.delete(name)) yield { name, sizeBytes: header.size, bytes };
      if (wanted.size === 0) return;
    }
  }

  /** Where links lead that stand for files of the archive, as older engines save a layer that occurs twice. */
  async readLinks(limit: number): Promise<ReadonlyMap<string, string>> {
    const links = new Map<string, string>();
    for await (const { header } of this.#entries()) {
      if (header.type !== "symlink" && header.type !== "link") continue;
      const name = posix.normalize(header.name);
      const target = header.linkname ?? "";
      links.set(name, header.type === "link" ? posix.normalize(target) : posix.join(posix.dirname(name), target));
      if (links.size > limit) throw new Fault("IMAGE_MALFORMED", "the image archive holds too many links");
    }
    return links;
  }

  async *#entries() {
    const source = await openArchive(this.#path);
    const archive = extract();
    pipeline(source, archive as unknown as NodeJS.WritableStream, () => {
      // An error reaches whoever iterates.
    });
    try {
      for await (const entry of archive) {
        yield { header: entry.header, bytes: entry as ByteStream };
        entry.resume();
      }
    } catch (error) {
      throw toFault(error, "IMAGE_MALFORMED", "the image archive can't be read");
    } finally {
      source.destroy();
    }
  }
}

const CHUNK = 1024 * 1024;

async function openArchive(path: string) {
  const file = await openPlain(path);
  if (file === null) throw new Fault("IMAGE_NOT_FOUND", "there is no such archive, or it is no plain file");
  const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0);
  const source = createReadStream("", { fd: file, start: 0, highWaterMark: CHUNK });
  const magic = buffer.toString("hex");
  if (/^(425a68|fd377a585a00|28b52ffd)/.test(magic)) {
    source.destroy();
    throw new Fault("IMAGE_MALFORMED", "the archive is compressed with something else than gzip", {
      hint: "Unpack it first.",
    });
  }
  return magic.startsWith("1f8b") ? pipeline(source, createGunzip({ chunkSize: CHUNK }), () => {}) : source;
}

/** Not blocking, for a named pipe would hold us; not through a link in the last place. */
async function openPlain(path: string): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "ENXIO") return null;
    throw new Fault("IMAGE_NOT_FOUND", `the image's files can't be opened (${code})`, { cause: error });
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return null;
}

async function collect(file: StoredFile, limit: number): Promise<Uint8Array> {
  if (file.sizeBytes > limit)
    throw new Fault("IMAGE_TOO_LARGE", `a document of the image is longer than ${limit} bytes`);
  const parts: Uint8Array[] = [];
  for await (const part of file.bytes) parts.push(part);
  return Buffer.concat(parts);
}
