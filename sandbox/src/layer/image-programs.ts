import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { resolve } from "node:path/posix";
import type { ImageProgram, TraceRecord } from "@airlock/contracts";
import { createTraceDamage, readTrace } from "../recorder/decode.ts";
import { KIND } from "../recorder/trace-format.ts";
import { type ImageEntry, ImageLayers } from "./image-layers.ts";

const MAX_PROGRAMS = 10_000;
/** Of one file, and of all: larger ones are known by the image's digest only. */
const MAX_BYTES = 2n ** 30n;
const MAX_ALL_BYTES = 4n * 2n ** 30n;
const CHUNK_BYTES = 1024 * 1024;

type ExecRecord = Extract<TraceRecord, { kind: "exec" }>;

/**
 * Hashes what the image has at the paths of the programs and scripts that were run: each path once, and after the run, for
 * the image's layers don't change. `trace` is the sealed trace; `lowers` are host folders, topmost first.
 */
export async function hashImagePrograms(trace: string, lowers: readonly string[]): Promise<ImageProgram[]> {
  const image = new ImageLayers(lowers);
  const programs: ImageProgram[] = [];
  let left = MAX_ALL_BYTES;
  for (const path of await listExecuted(trace)) {
    const entry = image.resolve(Buffer.from(path));
    if (entry === null || !entry.stats.isFile() || entry.stats.size > MAX_BYTES || entry.stats.size > left) continue;
    left -= entry.stats.size;
    programs.push({ path, size: Number(entry.stats.size), sha256: await hash(entry) });
  }
  return programs;
}

async function listExecuted(trace: string): Promise<string[]> {
  const paths = new Set<string>();
  for await (const batch of readTrace(trace, createTraceDamage(), new Set([KIND.exec]))) {
    for (const record of batch) {
      if (record.kind !== "exec") continue;
      for (const path of pathsOf(record)) if (paths.size < MAX_PROGRAMS) paths.add(path);
    }
  }
  return [...paths].toSorted();
}

/** A file on another file system than the image's is none of its own. */
function pathsOf({ cwd, file, filename, interpreter, script }: ExecRecord): string[] {
  const program = file.layer === "none" || file.truncated ? [] : [file.path];
  const ran = interpreter === null || script !== undefined ? [] : [resolve(cwd, filename)];
  return [...program, ...ran];
}

async function hash({ host }: ImageEntry): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(host, { highWaterMark: CHUNK_BYTES })) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
