import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import type { Survivor } from "@airlock/contracts";
import { nameSyscall } from "./recorder/syscall-names.ts";
import { listThreads } from "./threads.ts";

/** Beyond this many the rest says nothing new. */
const MAX_SURVIVORS = 200;
const MAX_DESCRIPTORS = 4096;

/**
 * Looks at the processes that are alive at the end of the window: what each waits in and what it has open. `pids` are host
 * ids; one that ends meanwhile is left out. To be called before anything is signalled or frozen: both wake sleepers.
 */
export function examineSurvivors(pids: readonly number[]): Survivor[] {
  const sockets = readSockets(pids.map((pid) => listThreads(pid)[0]).find((thread) => thread !== undefined));
  return pids.slice(0, MAX_SURVIVORS).flatMap((pid) => {
    try {
      return [examine(pid, sockets)];
    } catch {
      // Gone between the listing and the look.
      return [];
    }
  });
}

function examine(pid: number, sockets: SocketTable): Survivor {
  const threads = listThreads(pid);
  const [first] = threads;
  if (first === undefined) throw new Error("gone");
  const inodes = listDescriptors(first).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  const compat = is32Bit(first);
  const waits = threads.map((thread) => readWait(readFileSync(`${thread}/syscall`, "utf8"), compat));
  return {
    pid,
    comm: readFileSync(`${first}/comm`, "utf8").trimEnd(),
    waitingIn: waits[0] ?? RUNNING,
    waitsOnTimerOnly: waits.every((name) => SLEEPS.has(name)),
    listening: inodes.some((inode) => sockets.listening.has(inode)),
    connected: inodes.some((inode) => sockets.connected.has(inode)),
  };
}

const RUNNING = "running";

/**
 * `running`, `-1` (stopped outside a call), or number, arguments, stack and program counter: proc_pid_syscall(5). The kernel
 * doesn't say by which entry the call came, and 64-bit code can use the 32-bit one too: a number that is a sleeper's in the
 * other table is taken for that, for hardly anything else lasts long enough to be met.
 */
export function readWait(text: string, compat: boolean): string {
  const number = Number(text.trim().split(" ")[0]);
  if (!Number.isInteger(number) || number < 0) return RUNNING;
  const [likely, other] = [nameSyscall(number, compat), nameSyscall(number, !compat)];
  return !SLEEPS.has(likely) && SLEEPS.has(other) && !compat ? other : likely;
}

/**
 * Calls in which a program without network sockets only sleeps: nothing but time can wake it, or another process of the
 * sample, which is looked at in the same way. Pipes, unix sockets and descriptors of any kind end inside the sample.
 * Not in the list: write and its like, in which a busy program is as likely to be met.
 */
const SLEEPS: ReadonlySet<string> = new Set(
  `nanosleep clock_nanosleep clock_nanosleep_time64 restart_syscall pause
  poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64
  epoll_wait epoll_pwait epoll_pwait2 io_getevents io_pgetevents
  read readv recvfrom recvmsg recvmmsg accept accept4
  futex futex_time64 futex_waitv futex_wait flock semop semtimedop semtimedop_time64
  wait4 waitid waitpid rt_sigsuspend sigsuspend rt_sigtimedwait rt_sigtimedwait_time64
  msgrcv mq_timedreceive mq_timedreceive_time64`.split(/\s+/),
);

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
    .flatMap((fd) => {
      try {
        return [readlinkSync(`${folder}/${fd}`)];
      } catch {
        return [];
      }
    });
}

interface SocketTable {
  readonly listening: ReadonlySet<string>;
  readonly connected: ReadonlySet<string>;
}

const TCP_ESTABLISHED = "01";
const TCP_LISTEN = "0A";
/** How the kernel shows an unconnected UDP socket. */
const UDP_UNCONNECTED = "07";
/** SO_ACCEPTCON in the flags of a unix socket. */
const UNIX_ACCEPTS = "00010000";

/** Sockets of the sample's network namespace, by inode; all its processes share the one. */
function readSockets(thread: string | undefined): SocketTable {
  const listening = new Set<string>();
  const connected = new Set<string>();
  if (thread === undefined) return { listening, connected };
  for (const protocol of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const [, , , state, , , , , , inode] of readTable(thread, protocol)) {
      if (inode === undefined) continue;
      if (state === TCP_ESTABLISHED) connected.add(inode);
      if (state === TCP_LISTEN || (protocol.startsWith("udp") && state === UDP_UNCONNECTED)) listening.add(inode);
    }
  }
  for (const [, , , flags, , , inode] of readTable(thread, "unix")) {
    if (flags === UNIX_ACCEPTS && inode !== undefined) listening.add(inode);
  }
  return { listening, connected };
}

function readTable(thread: string, name: string): string[][] {
  try {
    const lines = readFileSync(`${thread}/net/${name}`, "utf8").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}
