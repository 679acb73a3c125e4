import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOwnerAlive, parseRunName, type RunName } from "./run-name.ts";

/** Where runs have their folders while they are made: one below it each, named by the run, readable by root only. */
function runsRoot(): string {
  return join(tmpdir(), "airlock");
}

/** Makes the folder of a run. */
export async function createRunFolder(runName: RunName): Promise<string> {
  const folder = join(runsRoot(), runName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Removes folders of dead owners; the folder above goes with the last. Returns how many. */
export async function reapRunFolders(): Promise<number> {
  let reaped = 0;
  for (const entry of await readdir(runsRoot()).catch(() => [])) {
    const name = parseRunName(entry);
    if (name === null || isOwnerAlive(name)) continue;
    await rm(join(runsRoot(), name), { recursive: true, force: true });
    reaped++;
  }
  return reaped;
}
