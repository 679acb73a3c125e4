import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Fault, type Report, RUN_FILES } from "@airlock/contracts";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  [RUN_FILES.recording]: "application/json",
  [RUN_FILES.judgement]: "application/json",
  [RUN_FILES.eventsIndex]: "application/json",
  [RUN_FILES.events]: "application/gzip",
  [RUN_FILES.capture]: "application/vnd.tcpdump.pcap",
  [RUN_FILES.sink]: "application/x-ndjson",
};

/** The files of a run folder, dropped ones included, with size and hash. Their names are ours, never the sample's. */
export async function describeArtifacts(runFolder: string): Promise<Report["artifacts"]> {
  const names = (await readdir(runFolder, { recursive: true })).toSorted();
  const artifacts: Report["artifacts"] = [];
  for (const name of names) {
    const path = join(runFolder, name);
    const stats = await stat(path);
    if (!stats.isFile()) continue;
    const mediaType = MEDIA_TYPES[name] ?? "application/octet-stream";
    artifacts.push({ name, bytes: stats.size, sha256: await hashFile(path), mediaType });
  }
  return artifacts;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

export async function writeReport(runFolder: string, report: Report): Promise<void> {
  await writeFile(join(runFolder, RUN_FILES.report), `${JSON.stringify(report)}\n`, { mode: 0o600 });
}

/** Refuses, before anything is run, a folder that would be written over. Throws OUTPUT_UNWRITABLE. */
export async function requireFreeFolder(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new Fault("OUTPUT_UNWRITABLE", `${folder} can't be used for artifacts (${error.code})`, { cause: error });
  });
  if (entries.length > 0) {
    throw new Fault("OUTPUT_UNWRITABLE", `${folder} is not empty`, { hint: "Name a new folder for --artifacts." });
  }
}

/** Copies a finished run to where it is to be kept; there under its name only when it is whole. */
export async function keepRun(runFolder: string, folder: string): Promise<void> {
  const target = resolve(folder);
  // A name of its own: what the user has beside it is never written over, nor removed after a failure.
  const part = `${target}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await cp(runFolder, part, { recursive: true });
    await rename(part, target);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw new Fault("OUTPUT_UNWRITABLE", `the run can't be kept in ${folder}`, { cause: error });
  }
}
