import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Survivor } from "@airlock/contracts";
import { nameSyscall } from "./recorder/syscall-names.ts";

/** Beyond this many the rest says nothing new. */
const MAX_SURVIVORS = 200;
const MAX_DESCRIPTORS = 4096;

/**
 * Looks at the processes that are alive at the end of the window: what each waits in and what it has open. `pids` are host
 * ids; one that ends meanwhile is left out. To be called before anything is signalled or frozen: both wake sleepers.
 */
export function examineSurvivors(pids: readonly number[]): Survivor[] {
  const sockets = readSockets(pids[0]);
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
  const links = listDescriptors(pid);
  const inodes = links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) => readWait(`/proc/${pid}/task/${tid}/syscall`));
  const quiet = !links.some((link) => /^(socket|pipe):|inotify|fanotify|signalfd/.test(link));
  return {
    pid,
    comm: readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd(),
    waitingIn: threads[0]?.name ?? "running",
    waitsOnTimerOnly: threads.length > 0 && threads.every((wait) => waitsOnTimer(wait, quiet)),
    listening: inodes.some((inode) => sockets.listening.has(inode)),
    connected: inodes.some((inode) => sockets.connected.has(inode)),
  };
}

interface Wait {
  readonly name: string;
  readonly args: readonly bigint[];
}

/** `running`, `-1` (blocked elsewhere), or number, six arguments, stack and program counter: proc_pid_syscall(5). */
function readWait(path: string): Wait {
  const [first = "running", ...rest] = readFileSync(path, "utf8").trim().split(" ");
  const number = Number(first);
  if (!Number.isInteger(number) || number < 0) return { name: "running", args: [] };
  return { name: nameSyscall(number, false), args: rest.slice(0, 6).map(BigInt) };
}

/** True when only time can end the wait. With nothing open that another could write to, polling is sleeping too. */
function waitsOnTimer({ name, args }: Wait, quiet: boolean): boolean {
  switch (name) {
    case "nanosleep":
    case "clock_nanosleep":
      return true;
    case "poll":
    case "ppoll":
      return quiet || args[1] === 0n;
    case "select":
    case "pselect6":
      return quiet || args[0] === 0n;
    case "epoll_wait":
    case "epoll_pwait":
    case "epoll_pwait2":
    case "read":
    case "futex":
      // Threads of a runtime that parks in futexes, and reads of a timer's descriptor.
      return quiet;
    default:
      return false;
  }
}

/** What 0, 1 and 2 are connected to is the engine's doing. */
function listDescriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .filter((fd) => Number(fd) > 2)
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
function readSockets(pid: number | undefined): SocketTable {
  const listening = new Set<string>();
  const connected = new Set<string>();
  if (pid === undefined) return { listening, connected };
  for (const protocol of ["tcp", "tcp6", "udp", "udp6"]) {
    for (const [, , , state, , , , , , inode] of readTable(pid, protocol)) {
      if (inode === undefined) continue;
      if (state === TCP_ESTABLISHED) connected.add(inode);
      if (state === TCP_LISTEN || (protocol.startsWith("udp") && state === UDP_UNCONNECTED)) listening.add(inode);
    }
  }
  for (const [, , , flags, , , inode] of readTable(pid, "unix")) {
    if (flags === UNIX_ACCEPTS && inode !== undefined) listening.add(inode);
  }
  return { listening, connected };
}

function readTable(pid: number, name: string): string[][] {
  try {
    const lines = readFileSync(`/proc/${pid}/net/${name}`, "utf8").split("\n").slice(1);
    return lines.map((line) => line.trim().split(/\s+/));
  } catch {
    return [];
  }
}
