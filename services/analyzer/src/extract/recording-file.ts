import { readFile, stat } from "node:fs/promises";
import { Fault, Recording } from "@airlock/contracts";

/** A layer with a hundred thousand entries takes about 30 MB. */
const LARGEST_RECORDING = 256 * 1024 * 1024;

/** Reads and checks `recording.json`. Rejects with the fault RUN_INVALID when it is missing, too large or not of the schema. */
export async function readRecording(path: string): Promise<Recording> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_RECORDING) throw new Error(`larger than ${LARGEST_RECORDING} bytes`);
    return Recording.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new Fault("RUN_INVALID", "the run folder holds no valid recording.json", { cause });
  }
}
