import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Survivor } from "@airlock/contracts";
import { readSockets, type SampleSockets } from "./sample-sockets.ts";
import { RUNNING, readSleep, readWait, waitsFor } from "./thread-wait.ts";
import { listThreads } from "./threads.ts";

/** Beyond this many they count as not examined. More than a sample may have by default. */
const MAX_SURVIVORS = 1000;
const MAX_DESCRIPTORS = 4096;
/** Between the two looks. */
export const LOOK_MS = 150;

/** Of the time between the looks; less is what waking up for nothing costs. */
const ACTIVE_SHARE = 0.1;
/** Times that a thread gave up the processor by itself, between the looks. */
const ACTIVE_SWITCHES = 15;

export interface Examination {
  readonly survivors: readonly Survivor[];
  /** Processes that live and could not be looked at. */
  readonly unexamined: number;
}

/**
 * Looks twice at the processes that are alive at the end of the window: whether they run, what else they wait for, and what
 * they have open. `pids` are host ids; one that ends meanwhile is left out. To be called before anything is signalled or
 * frozen: both wake sleepers. Whatever is not seen to run sleeps, in whichever call: there are too many to wait in.
 */
export async function examineSurvivors(pids: readonly number[]): Promise<Examination> {
  const begun = performance.now();
  const near = pids.slice(0, MAX_SURVIVORS);
  const first = look(near);
  await sleep(LOOK_MS);
  const elapsedMs = performance.now() - begun;
  const second = look(near);
  const survivors: Survivor[] = [];
  let unexamined = pids.length - near.length;
  for (const pid of near) {
    const [before, after] = [first.get(pid), second.get(pid)];
    if (before !== undefined && after !== undefined) survivors.push(compare(before, after, elapsedMs));
    else if (isAlive(pid)) unexamined += 1;
  }
  return { survivors, unexamined };
}

interface Sight {
  readonly seen: Omit<Survivor, "waitsOnTimerOnly">;
  readonly measures: Measures;
}

/** By process; those that are gone or can't be read are missing. */
function look(pids: readonly number[]): Map<number, Sight> {
  const sockets = readSockets(pids.map((pid) => listThreads(pid)[0]).find((thread) => thread !== undefined));
  const sights = pids.map((pid) => {
    return [pid, attempt(() => ({ seen: examine(pid, sockets), measures: measure(pid) }))] as const;
  });
  return new Map(sights.flatMap(([pid, sight]) => (sight === null ? [] : [[pid, sight] as const])));
}

/** A server may be met between two waits, but hardly twice. */
function compare(before: Sight, after: Sight, elapsedMs: number): Survivor {
  return {
    ...after.seen,
    waitsOnTimerOnly: !isActive(before.measures, after.measures, elapsedMs),
    attends: before.seen.attends === true || after.seen.attends === true,
  };
}

/** Null when the process went between the listing and the look, or can't be read: `isAlive` tells the two apart. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** A corpse that waits for its parent is not. */
function isAlive(pid: number): boolean {
  if (listThreads(pid).length > 0) return true;
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === null ? existsSync(`/proc/${pid}`) : !/\) [ZX] [^)]*$/.test(stat);
}

interface Measure {
  readonly running: boolean;
  readonly cpuMs: number;
  readonly switches: number;
}

/** By thread folder. */
type Measures = ReadonlyMap<string, Measure>;

function measure(pid: number): Measures {
  return new Map(listThreads(pid).map((thread) => [thread, measureThread(thread)]));
}

/** proc_pid_stat(5). The name before the state can hold anything, so what counts is the last bracket. */
function measureThread(thread: string): Measure {
  const stat = readFileSync(`${thread}/stat`, "utf8");
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const switches = /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(readFileSync(`${thread}/status`, "utf8"))?.[1];
  const nanoseconds = attempt(() => readFileSync(`${thread}/schedstat`, "utf8"))?.split(" ")[0];
  // Where the kernel doesn't count in nanoseconds, it does in ticks of 10 ms: user and system time.
  const cpuMs = nanoseconds === undefined ? (Number(fields[10]) + Number(fields[11])) * 10 : Number(nanoseconds) / 1e6;
  return { running: state === "R", cpuMs, switches: Number(switches ?? 0) };
}

function examine(pid: number, sockets: SampleSockets): Sight["seen"] {
  const threads = listThreads(pid);
  const [first] = threads;
  if (first === undefined) throw new Error("gone");
  const inodes = listDescriptors(first).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  const outward = new Set(inodes.filter((inode) => sockets.listening.has(inode) || sockets.connected.has(inode)));
  const compat = is32Bit(first);
  const waits = threads.map((thread) => {
    return { thread, wait: readWait(readFileSync(`${thread}/syscall`, "utf8"), compat) };
  });
  const sleeps = waits.flatMap(({ thread, wait }) => readSleep(thread, wait) ?? []);
  return {
    pid,
    samplePid: readSamplePid(first),
    comm: readFileSync(`${first}/comm`, "utf8").trimEnd(),
    waitingIn: waits[0]?.wait.name ?? RUNNING,
    listening: inodes.some((inode) => sockets.listening.has(inode)),
    connected: inodes.some((inode) => sockets.connected.has(inode)),
    attends: outward.size > 0 && waits.some(({ thread, wait }) => waitsFor(thread, wait, outward)),
    sleepMs: sleeps.length === 0 ? null : Math.max(...sleeps),
  };
}

/** A thread that stands in line for the processor at both looks is active too, though it may have got none of it. */
function isActive(before: Measures, after: Measures, elapsedMs: number): boolean {
  let cpuMs = 0;
  let switches = 0;
  for (const [thread, now] of after) {
    const then = before.get(thread) ?? { running: false, cpuMs: 0, switches: 0 };
    if (then.running && now.running) return true;
    cpuMs += now.cpuMs - then.cpuMs;
    switches += now.switches - then.switches;
  }
  return cpuMs > elapsedMs * ACTIVE_SHARE || switches > ACTIVE_SWITCHES;
}

/** The last of the line: one number for each level of namespaces, the sample's own innermost. */
function readSamplePid(thread: string): number {
  const group = /^NStgid:.*\s(\d+)$/m.exec(readFileSync(`${thread}/status`, "utf8"))?.[1];
  return Number(group ?? 0);
}

/** Such a program's calls have other numbers. The class stands in the fifth byte of the file (elf(5)). */
function is32Bit(thread: string): boolean {
  const head = Buffer.alloc(5);
  const file = openSync(`${thread}/exe`, "r");
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return head[4] === 1;
}

function listDescriptors(thread: string): string[] {
  const folder = `${thread}/fd`;
  return readdirSync(folder)
    .slice(0, MAX_DESCRIPTORS)
    .flatMap((fd) => attempt(() => readlinkSync(`${folder}/${fd}`)) ?? []);
}
