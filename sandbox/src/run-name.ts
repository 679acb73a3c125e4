import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

/**
 * The name of one run on this host, carried by everything that the run creates (containers, namespaces, cgroups, folders,
 * image tags, volumes). It names its owner process by pid, start time and boot, so that a later start can tell what belongs
 * to the dead from what belongs to a live neighbour, whatever pid was reused since:
 * `airlock-<boot 8 hex>-<pid>-<start ticks, base 36>-<pid namespace, base 36>-<8 hex random>`.
 */
export type RunName = string & { readonly brand: "RunName" };

const PATTERN = /^airlock-([0-9a-f]{8})-(\d+)-([0-9a-z]+)-([0-9a-z]+)-([0-9a-f]{8})$/;

/** A fresh name owned by this process. */
export function createRunName(): RunName {
  const random = randomBytes(4).toString("hex");
  return `airlock-${bootId()}-${process.pid}-${startTicks(process.pid) ?? "0"}-${pidNamespace()}-${random}` as RunName;
}

/** Recognises a run name anywhere a reaper finds one; null for every other name, which is then not ours to touch. */
export function parseRunName(text: string): RunName | null {
  return PATTERN.test(text) ? (text as RunName) : null;
}

/**
 * True while the very process that made the name still runs, and for an owner in another pid namespace (a worker in a
 * container): its pid means nothing here, so it counts as alive, and its leftovers are for its own next start.
 */
export function isOwnerAlive(name: RunName): boolean {
  const [, boot, pid, start, namespace] = PATTERN.exec(name) ?? [];
  if (boot !== bootId() || start === undefined) return false;
  return namespace !== pidNamespace() || startTicks(Number(pid)) === start;
}

function pidNamespace(): string {
  return Number(/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? 0).toString(36);
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").replaceAll("-", "").slice(0, 8);
}

/** Field 22 of /proc/PID/stat; counted after the last `)`, since a comm may hold blanks and brackets. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return null;
    return Number(fields[19]).toString(36);
  } catch {
    return null;
  }
}
