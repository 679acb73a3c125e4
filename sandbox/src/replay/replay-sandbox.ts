import { copyFile, cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault, Recording, RUN_FILES } from "@airlock/contracts";
import type { Sandbox } from "../sandbox.ts";

/**
 * The isolation port fed from a stored run: a detonation gives that run's record again, whatever plan it is asked for. For
 * judging a run anew, and for tests of what comes after. Throws RUN_INVALID for a folder that holds no complete run.
 */
export function createReplaySandbox(folder: string): Sandbox {
  return {
    async detonate(_plan, _image, { runFolder, onProgress }) {
      await requireRecording(folder);
      for (const name of [RUN_FILES.trace, RUN_FILES.capture, RUN_FILES.sink]) {
        await copyFile(join(folder, name), join(runFolder, name));
      }
      await cp(join(folder, RUN_FILES.dropped), join(runFolder, RUN_FILES.dropped), { recursive: true });
      await copyFile(join(folder, RUN_FILES.recording), join(runFolder, RUN_FILES.recording));
      onProgress({ phase: "done", elapsedMs: 0, events: 0, lost: 0 });
    },
    describe: async () => ({ engineVersion: "replay", sensorBuild: "replay" }),
  };
}

async function requireRecording(folder: string): Promise<void> {
  try {
    Recording.parse(JSON.parse(await readFile(join(folder, RUN_FILES.recording), "utf8")));
  } catch (error) {
    throw new Fault("RUN_INVALID", "the folder holds no complete run", { cause: error });
  }
}
