import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { nameSyscall } from "./recorder/syscall-names.ts";

/** What a thread is in, from its folder in /proc. */
export interface ThreadWait {
  /** `running`, or the call's name, which is for people and for finding its arguments. */
  readonly name: string;
  /** Up to six. */
  readonly args: readonly bigint[];
  /** The arguments are of the 32-bit entry: pointers and times are narrow. */
  readonly narrow: boolean;
}

export const RUNNING = "running";

/**
 * `running`, `-1` (stopped outside a call), or number, arguments, stack and program counter: proc_pid_syscall(5). The kernel
 * doesn't say by which entry the call came, and 64-bit code can use the 32-bit one too: a number that is a sleeper's in the
 * other table is taken for that, for hardly anything else lasts long enough to be met.
 */
export function readWait(text: string, compat: boolean): ThreadWait {
  const [first = "", ...rest] = text.trim().split(" ");
  const number = Number(first);
  if (!Number.isInteger(number) || number < 0) return { name: RUNNING, args: [], narrow: compat };
  const args = rest.slice(0, 6).map(BigInt);
  const [likely, other] = [nameSyscall(number, compat), nameSyscall(number, !compat)];
  if (!compat && !LASTING.has(likely) && LASTING.has(other)) return { name: other, args, narrow: true };
  return { name: likely, args, narrow: compat };
}

/** Sleeps, and calls that are waited in: only to tell the two tables apart, never to tell who sleeps. */
const LASTING: ReadonlySet<string> = new Set(
  `nanosleep clock_nanosleep clock_nanosleep_time64 restart_syscall pause
  poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64
  epoll_wait epoll_pwait epoll_pwait2 io_getevents io_pgetevents
  read readv recvfrom recvmsg recvmmsg accept accept4 socketcall
  futex futex_time64 futex_waitv futex_wait flock semop semtimedop semtimedop_time64
  wait4 waitid waitpid rt_sigsuspend sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 vfork open openat
  msgrcv mq_timedreceive mq_timedreceive_time64`.split(/\s+/),
);

/**
 * How long the thread asked to sleep, in ms; null when it is in no sleep, or in one that outlasts any use of it (`sleep
 * infinity`). Read from its memory, so a thread beside it could lie: then it wins no more than by another kind of wait.
 */
export function readSleep(thread: string, wait: ThreadWait): number | null {
  const asked = readAsked(thread, wait);
  return asked === null || asked >= FOREVER_MS ? null : asked;
}

const FOREVER_MS = 366 * 24 * 3_600_000;
/** Of a sleep whose time can't be read: it could be any, and shorter ones are no excuse. */
const UNREADABLE_MS = FOREVER_MS - 1;

function readAsked(thread: string, wait: ThreadWait): number | null {
  const { name, args } = wait;
  const time = (index: number, unit: bigint, narrow = wait.narrow) => readTime(thread, args[index], { narrow, unit });
  switch (name) {
    case "nanosleep":
      return time(0, NANOSECONDS) ?? UNREADABLE_MS;
    case "clock_nanosleep":
    case "clock_nanosleep_time64":
      return untilNow(time(2, NANOSECONDS, wait.narrow && !name.endsWith("64")) ?? UNREADABLE_MS, args);
    // After a freeze or a stop the kernel goes on with the sleep, and the registers still hold the first call's arguments.
    case "restart_syscall":
      return (args[0] ?? 0n) < MOST_CLOCKS ? time(2, NANOSECONDS) : time(0, NANOSECONDS);
    // Without descriptors these are sleeps by another name.
    case "poll":
      return args[1] === 0n ? readMilliseconds(args[2] ?? 0n) : null;
    case "ppoll":
    case "ppoll_time64":
      return args[1] === 0n ? time(2, NANOSECONDS, wait.narrow && !name.endsWith("64")) : null;
    case "select":
    case "_newselect":
      return args[0] === 0n ? time(4, MICROSECONDS) : null;
    case "pselect6":
    case "pselect6_time64":
      return args[0] === 0n ? time(4, NANOSECONDS, wait.narrow && !name.endsWith("64")) : null;
    default:
      return null;
  }
}

const MOST_CLOCKS = 16n;
const NANOSECONDS = 1_000_000_000n;
const MICROSECONDS = 1_000_000n;
const TIMER_ABSTIME = 1n;
const CLOCK_REALTIME = 0n;

/** Less than 0 is for ever. */
function readMilliseconds(argument: bigint): number | null {
  const milliseconds = Number(BigInt.asIntN(32, argument));
  return milliseconds < 0 ? null : milliseconds;
}

/** A sleep until a moment: what is left of it by the clock that it names; every other than the wall's is close to boot's. */
function untilNow(time: number, [clock, flags = 0n]: readonly bigint[]): number {
  if (time === UNREADABLE_MS || (flags & TIMER_ABSTIME) === 0n) return time;
  const now = clock === CLOCK_REALTIME ? Date.now() : Number(process.hrtime.bigint() / 1_000_000n);
  return Math.max(0, time - now);
}

/** Seconds and a fraction, `timespec` or `timeval`, in ms; null without one, or when there is none at the address. */
function readTime(
  thread: string,
  address: bigint | undefined,
  { narrow, unit }: { readonly narrow: boolean; readonly unit: bigint },
): number | null {
  if (address === undefined || address === 0n) return null;
  const bytes = readMemory(thread, address, narrow ? 8 : 16);
  if (bytes === null) return null;
  const [seconds, rest] = narrow
    ? [BigInt(bytes.readInt32LE(0)), BigInt(bytes.readInt32LE(4))]
    : [bytes.readBigInt64LE(0), bytes.readBigInt64LE(8)];
  if (seconds < 0n || rest < 0n || rest >= unit) return null;
  return Number(seconds) * 1000 + Number((rest * 1000n) / unit);
}

export function readMemory(thread: string, address: bigint, length: number): Buffer | null {
  let file: number | undefined;
  try {
    file = openSync(`${thread}/mem`, "r");
    const bytes = Buffer.alloc(length);
    return readSync(file, bytes, 0, length, address) === length ? bytes : null;
  } catch {
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const MAX_POLLED = 4096;

/** True when the thread waits for one of these sockets, named by inode: an accept, a receive, or a poll of some kind. */
export function waitsFor(thread: string, wait: ThreadWait, sockets: ReadonlySet<string>): boolean {
  const { name, args, narrow } = wait;
  const has = (fd: number) => sockets.has(inodeOf(thread, fd) ?? "");
  const [first = 0n, second = 0n] = args;
  if (DIRECT.has(name)) return has(Number(first));
  if (name.startsWith("epoll_")) return epollWatches(thread, Number(first), sockets, 0);
  if (name.startsWith("poll") || name.startsWith("ppoll")) return listPolled(thread, first, second).some(has);
  if (name.startsWith("select") || name === "_newselect" || name.startsWith("pselect6")) {
    return listSelected(thread, second, first).some(has);
  }
  if (name === "socketcall" && RECEIVING_SOCKETCALLS.has(first)) {
    const argument = readMemory(thread, second, narrow ? 4 : 8);
    return argument !== null && has(argument.readUInt32LE(0));
  }
  return false;
}

const DIRECT: ReadonlySet<string> = new Set(
  "accept accept4 recvfrom recvmsg recvmmsg recvmmsg_time64 read readv".split(" "),
);
/** accept, recv, recvfrom, recvmsg, accept4, recvmmsg. */
const RECEIVING_SOCKETCALLS: ReadonlySet<bigint> = new Set([5n, 10n, 12n, 17n, 18n, 19n]);

function inodeOf(thread: string, fd: number): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${thread}/fd/${fd}`))?.[1] ?? null;
  } catch {
    return null;
  }
}

/** A `pollfd` is a descriptor and two times two bytes of events, for both entries. */
function listPolled(thread: string, address: bigint, count: bigint): number[] {
  const size = Number(count < MAX_POLLED ? count : MAX_POLLED);
  const bytes = size === 0 ? null : readMemory(thread, address, size * 8);
  return bytes === null ? [] : Array.from({ length: size }, (_, index) => bytes.readInt32LE(index * 8));
}

function listSelected(thread: string, address: bigint, count: bigint): number[] {
  const size = Math.min(Number(BigInt.asUintN(31, count)), 1024);
  const bytes = size === 0 || address === 0n ? null : readMemory(thread, address, Math.ceil(size / 8));
  if (bytes === null) return [];
  return Array.from({ length: size }, (_, fd) => fd).filter((fd) => ((bytes[fd >> 3] ?? 0) >> (fd & 7)) & 1);
}

/** Event queues may stand in one another, at most five deep (epoll_ctl(2)). */
const MAX_DEPTH = 5;

/** By inode, which is what the queue holds; the number beside it may be another file's by now, or another process's. */
function epollWatches(thread: string, queue: number, sockets: ReadonlySet<string>, depth: number): boolean {
  let text: string;
  try {
    text = readFileSync(`${thread}/fdinfo/${queue}`, "utf8");
  } catch {
    return false;
  }
  return [...text.matchAll(/^tfd:\s*(\d+) .*\bino:([0-9a-f]+)/gm)].some(
    ([, fd = "", inode = ""]) =>
      sockets.has(String(BigInt(`0x${inode}`))) ||
      (depth < MAX_DEPTH && isQueue(thread, Number(fd)) && epollWatches(thread, Number(fd), sockets, depth + 1)),
  );
}

function isQueue(thread: string, fd: number): boolean {
  try {
    return readlinkSync(`${thread}/fd/${fd}`) === "anon_inode:[eventpoll]";
  } catch {
    return false;
  }
}
