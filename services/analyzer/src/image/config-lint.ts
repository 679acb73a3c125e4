import { posix } from "node:path";
import { Fault, type ImageConfig, printable } from "@airlock/contracts";

/**
 * Paths that an image may not name: a working directory of /proc/self/fd/N leaves the container through a descriptor that
 * the runtime leaked (CVE-2024-21626), and a volume over /proc or /dev changes what the runtime mounts and masks.
 */
const REFUSED_ROOTS = ["/proc", "/sys", "/dev/fd"];
const REFUSED_VOLUMES = ["/proc", "/sys", "/dev"];

/** Follows the image's own symbolic links; given a normal path, returns every path that it may lead to. */
export type LinkResolver = (path: string) => readonly string[];

const unresolved: LinkResolver = (path) => [path];

/**
 * Refuses a config with a working directory, program, environment path or volume at a place of the kernel's.
 * With a resolver, paths that lead there through links of the image are refused as well. Throws IMAGE_PATH_REFUSED.
 */
export function lintConfig(config: ImageConfig, resolve: LinkResolver = unresolved): void {
  refusePath("WORKDIR", config.workdir, resolve);
  for (const program of [config.entrypoint[0], config.command[0]]) {
    // A bare name is looked up in PATH, which is checked below.
    if (program?.includes("/")) refusePath("ENTRYPOINT or CMD", posix.resolve("/", config.workdir, program), resolve);
  }
  // Not through links: a log file that leads to standard output is common, and nothing starts in or from these.
  for (const entry of config.env) {
    for (const path of pathsOf(entry)) refusePath("ENV", path);
  }
  for (const volume of config.volumes) refuseVolume(volume, resolve);
  refuseNestedVolumes(config.volumes.map(normalizeImagePath));
}

/** Absolute paths in a value, lists of them included; `s3://proc/data` is an address and none, except where lists are read. */
function pathsOf(entry: string): string[] {
  const at = entry.indexOf("=");
  const [name, value] = [entry.slice(0, at), entry.slice(at + 1)];
  if (/^(?!file:)[a-z][a-z0-9+.-]*:\/\//i.test(value) && !/PATH$|^LD_/.test(name)) return [];
  return value.split(/[:;,\s]/).filter((part) => part.startsWith("/"));
}

/** Refuses one path of that setting. Throws IMAGE_PATH_REFUSED. */
export function refusePath(setting: string, path: string, resolve: LinkResolver = unresolved): void {
  const bad = resolve(normalizeImagePath(path)).find((target) => isUnder(target, REFUSED_ROOTS));
  if (bad !== undefined) throw refused(setting, rootOf(bad, REFUSED_ROOTS));
}

function refuseVolume(volume: string, resolve: LinkResolver): void {
  // The engine's own syntax for mounts uses these; no ordinary folder name does.
  if (/[:,]/.test(volume) || printable(volume, 4096) !== volume) {
    throw refused("VOLUME", "a path with a colon, a comma or an unprintable character");
  }
  const bad = resolve(normalizeImagePath(volume)).find((target) => target === "/" || isUnder(target, REFUSED_VOLUMES));
  if (bad !== undefined) throw refused("VOLUME", bad === "/" ? "/" : rootOf(bad, REFUSED_VOLUMES));
}

/** A volume within a volume is rare, and deep nests are none but an attack: the engine copies the innermost into each. */
const MOST_NESTED_VOLUMES = 3;

function refuseNestedVolumes(volumes: readonly string[]): void {
  const depth = (inner: string) => volumes.filter((outer) => outer !== inner && inner.startsWith(`${outer}/`)).length;
  if (volumes.some((volume) => depth(volume) > MOST_NESTED_VOLUMES)) {
    throw refused("VOLUME", "volumes within volumes, too deep");
  }
}

/** Absolute, without `.`, `..`, `//` and a trailing slash, seen from the image's root. */
export function normalizeImagePath(path: string): string {
  return posix.resolve("/", path);
}

function isUnder(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => path === root || path.startsWith(`${root}/`));
}

function rootOf(path: string, roots: readonly string[]): string {
  return roots.find((root) => isUnder(path, [root])) ?? "/";
}

function refused(setting: string, place: string): Fault {
  return new Fault("IMAGE_PATH_REFUSED", `the image's ${setting} names ${place}`, {
    hint: "Such paths are used to break out of containers; the image was not run.",
  });
}
