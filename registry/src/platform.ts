import { Fault, type Platform } from "@airlock/contracts";
import type { IndexEntry } from "./documents.ts";

/**
 * Platforms that a host of this architecture runs natively, the best first. Emulated ones are left out: under binfmt the
 * recorder would see the emulator's calls instead of the sample's.
 */
export function runnablePlatforms(architecture: string = process.arch): Platform[] {
  switch (architecture) {
    case "x64":
      return ["linux/amd64", "linux/amd64/v1", "linux/amd64/v2", "linux/386"];
    case "arm64":
      return ["linux/arm64", "linux/arm64/v8"];
    default:
      return [`linux/${architecture}`];
  }
}

/** The entry of an index that suits best. Throws IMAGE_PLATFORM_UNSUPPORTED. */
export function choosePlatform(entries: readonly IndexEntry[], wanted: readonly Platform[]): IndexEntry {
  for (const platform of wanted) {
    const entry = entries.find((candidate) => candidate.platform === platform);
    if (entry !== undefined) return entry;
  }
  // A layout's index may name no platform; the config, which always does, is checked later.
  const [only] = entries;
  if (only !== undefined && entries.length === 1 && only.platform === null) return only;
  const offered = [...new Set(entries.flatMap((entry) => entry.platform ?? []))];
  throw unsupported(offered, wanted);
}

/** Throws IMAGE_PLATFORM_UNSUPPORTED unless the platform is one of those wanted. */
export function requirePlatform(platform: Platform, wanted: readonly Platform[]): void {
  if (!wanted.includes(platform)) throw unsupported([platform], wanted);
}

function unsupported(offered: readonly string[], wanted: readonly Platform[]): Fault {
  const list = offered.filter((platform) => platform !== "unknown/unknown").slice(0, 20);
  return new Fault(
    "IMAGE_PLATFORM_UNSUPPORTED",
    `the image is for ${list.join(", ") || "no platform that it names"}; this host runs ${wanted[0]}`,
  );
}
