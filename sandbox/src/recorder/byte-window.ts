import { open } from "node:fs/promises";
import { Fault, toFault } from "@airlock/contracts";

/**
 * A file seen through a window that moves on. What is wanted is asked for first (`holds`, else `fill`) and then read in
 * place: no promise and no slice for each of millions of records.
 */
export interface ByteWindow {
  /** Bytes before `at` are done with; what is behind it is valid until the next `fill`. */
  readonly bytes: Buffer;
  at: number;
  holds(count: number): boolean;
  /** Reads on until so many bytes are behind `at`, and moves them to the front for it. False when the file ends before. */
  fill(count: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Throws RUN_INVALID when there is no such file. `size` bounds what can be asked for. */
export async function openByteWindow(path: string, size: number): Promise<ByteWindow> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw toFault(error, "RUN_INVALID", "the trace can't be opened");
  });
  const bytes = Buffer.alloc(size);
  let end = 0;
  const window: ByteWindow = {
    bytes,
    at: 0,
    holds: (count) => end - window.at >= count,
    async fill(count) {
      if (count > size) throw new Fault("INTERNAL", "a piece of a trace is larger than its window");
      bytes.copyWithin(0, window.at, end);
      end -= window.at;
      window.at = 0;
      while (end < count) {
        const { bytesRead } = await file.read(bytes, end, size - end);
        if (bytesRead === 0) return false;
        end += bytesRead;
      }
      return true;
    },
    close: () => file.close(),
  };
  return window;
}
