import { posix } from "node:path";
import { Fault } from "@airlock/contracts";
import { isKernelPlace } from "./entry-rules.ts";

/** Targets of the symbolic links that any layer has at exactly this normal path. */
export type LinksAt = (path: string) => readonly string[];

/** More ways than this are a maze made on purpose. */
const MAX_PATHS = 256;

/**
 * All places that a path may lead to through an image's links, itself included. Which layer covers which is left out on
 * purpose: it only ever adds places. Links inside /dev are not followed, for the runtime mounts its own /dev over them.
 * Throws IMAGE_PATH_REFUSED when there are too many.
 */
export function followLinks(path: string, linksAt: LinksAt): string[] {
  const seen = new Set([path]);
  for (const current of seen) {
    const parts = current.split("/").filter((part) => part !== "");
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = `/${parts.slice(0, depth).join("/")}`;
      if (isKernelPlace(prefix)) break;
      for (const target of linksAt(prefix)) {
        seen.add(posix.resolve(posix.dirname(prefix), target, ...parts.slice(depth)));
      }
    }
    if (seen.size > MAX_PATHS)
      throw new Fault("IMAGE_PATH_REFUSED", "a path of the image leads through too many links");
  }
  return [...seen];
}
