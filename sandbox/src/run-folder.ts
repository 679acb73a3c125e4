import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "@airlock/contracts";
import { isOwnerAlive, parseRunName, type RunName } from "./run-name.ts";

/** Where runs have their folders while they are made: one below it each, named by the run, readable by us only. */
function runsRoot(): string {
  return join(tmpdir(), "airlock");
}

/** Makes the folder of a run. Throws OUTPUT_UNWRITABLE when the place is somebody else's. */
export async function createRunFolder(runName: RunName): Promise<string> {
  const folder = join(runsRoot(), runName);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseForeignRoot();
  return folder;
}

/**
 * The temporary folder is everybody's: another user can have put a link or a folder of their own in our place, and would
 * read, or choose, what we write as root.
 */
async function refuseForeignRoot(): Promise<void> {
  const stats = await lstat(runsRoot());
  if (!stats.isDirectory() || stats.uid !== process.geteuid?.() || (stats.mode & 0o022) !== 0) {
    throw new Fault("OUTPUT_UNWRITABLE", `${runsRoot()} belongs to somebody else`, {
      hint: "Remove it, or set TMPDIR to a folder of your own.",
    });
  }
}

/** Removes folders of dead owners. Returns how many. */
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
