import { access, copyFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault, Recording, RUN_FILES } from "@airlock/contracts";
import type { Sandbox } from "../sandbox.ts";

/** What a detonation leaves besides its recording, which comes last. */
const PARTS = [RUN_FILES.trace, RUN_FILES.capture, RUN_FILES.sink, RUN_FILES.dropped];

/**
 * The isolation port fed from a stored run: a detonation gives that run's record again, whatever plan it is asked for. For
 * judging a run anew, and for tests of what comes after. Throws RUN_INVALID for a folder that holds no complete run.
 */
export function createReplaySandbox(folder: string): Sandbox {
  return {
    async detonate(_plan, _image, { runFolder, signal, onProgress }) {
      await requireRun(folder);
      if (signal.aborted) throw new Fault("INTERRUPTED", "interrupted");
      for (const part of PARTS) await cp(join(folder, part), join(runFolder, part), { recursive: true });
      await copyFile(join(folder, RUN_FILES.recording), join(runFolder, RUN_FILES.recording));
      onProgress({ phase: "done", elapsedMs: 0, events: 0, lost: 0 });
    },
    describe: async () => ({ engineVersion: "replay", sensorBuild: "replay" }),
  };
}

async function requireRun(folder: string): Promise<void> {
  try {
    Recording.parse(JSON.parse(await readFile(join(folder, RUN_FILES.recording), "utf8")));
    for (const part of PARTS) await access(join(folder, part));
  } catch (error) {
    throw new Fault("RUN_INVALID", "the folder holds no complete run", { cause: error });
  }
}
