import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { Fault } from "@airlock/contracts";
import type { StoredChoice } from "./oci-layout.ts";

export interface StoredPath extends StoredChoice {
  /** Without links, so that the last step can be opened without following one. */
  readonly path: string;
}

/**
 * Splits `PATH[:CHOICE]`. A path that exists as it is written wins, since file names may hold colons.
 * Throws IMAGE_NOT_FOUND.
 */
export async function locateStored(text: string): Promise<StoredPath> {
  for (const at of [text.length, ...colons(text)]) {
    const path = await realpathOrNull(text.slice(0, at));
    if (path !== null) return { path, name: basename(path), choice: text.slice(at + 1) || null };
  }
  throw new Fault("IMAGE_NOT_FOUND", "there is no such file or folder");
}

function colons(text: string): number[] {
  return [...text.matchAll(/:/g)].map((match) => match.index).filter((at) => at > 0);
}

async function realpathOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch {
    return null;
  }
}
