import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Fault } from "@airlock/contracts";
import { nativeProgram } from "../network/native-program.ts";

const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Folders of an overlay's writable layer that were removed and made again, and so hide all that the image has in them: paths
 * as the sample sees them, as `latin1` text, so that no byte of a name is lost.
 */
export async function findOpaqueFolders(upper: string, maxEntries: number): Promise<Set<string>> {
  const program = nativeProgram("opaque-folders");
  try {
    const { stdout } = await promisify(execFile)(program, [upper, String(maxEntries)], {
      encoding: "latin1",
      maxBuffer: MAX_ANSWER_BYTES,
      env: {},
    });
    return new Set(stdout.split("\0").slice(0, -1));
  } catch (error) {
    throw new Fault("INTERNAL", "the writable layer could not be looked through", {
      cause: error,
      hint: "Build Airlock's native programs: make -C sandbox/native",
    });
  }
}
