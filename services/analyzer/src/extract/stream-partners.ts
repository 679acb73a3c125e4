import type { TraceStream } from "@airlock/contracts";
import type { ExecRecord } from "./exec-record.ts";
import type { ProcessTable } from "./process-table.ts";

/** One end of a pipe, held as a standard stream by what a process ran between two moments. */
interface PipeEnd {
  readonly process: string;
  readonly image: string;
  readonly since: bigint;
  /** Null while it lived to the end of the record. */
  readonly until: bigint | null;
}

export interface StreamPartners {
  /** Image that writes into the pipe which this exec reads as standard input. */
  stdinFrom(exec: ExecRecord): string | undefined;
  /** Image that reads the pipe which this exec writes as standard output. */
  stdoutTo(exec: ExecRecord): string | undefined;
}

/**
 * Joins `curl | sh` by the pipe's inode. The other end may be started later, or be gone already, so this needs the whole record.
 * Ends are known from execs only: a shell's builtin on the other side stays unknown.
 */
export function joinPipes(table: ProcessTable): StreamPartners {
  const readers = new Map<bigint, PipeEnd[]>();
  const writers = new Map<bigint, PipeEnd[]>();
  for (const process of table.list()) {
    process.images.forEach((image, index) => {
      if (image.exec === null) return;
      const until = process.images[index + 1]?.since ?? process.endedAt;
      const end: PipeEnd = { process: process.key, image: image.path, since: image.since, until };
      const [stdin, stdout, stderr] = image.exec.streams;
      note(readers, stdin, end);
      note(writers, stdout, end);
      if (stderr.inode !== stdout.inode) note(writers, stderr, end);
    });
  }

  return {
    // Of several writers the last one started is the leaf: `sh -c 'curl ...' | sh` reads from curl, not from its shell.
    stdinFrom: (exec) => partner(writers, exec.streams[0], exec)?.at(-1)?.image,
    // Of several readers the first one started: later ones are its own children, which inherited the pipe.
    stdoutTo: (exec) => partner(readers, exec.streams[1], exec)?.at(0)?.image,
  };

  function partner(ends: Map<bigint, PipeEnd[]>, stream: TraceStream, exec: ExecRecord): PipeEnd[] | undefined {
    if (stream.kind !== "pipe" || stream.inode === 0n) return undefined;
    const others = (ends.get(stream.inode) ?? []).filter((end) => end.process !== exec.task.key);
    const meeting = others.filter((end) => end.until === null || end.until >= exec.time);
    // A fast writer may have ended before its reader's exec; an inode number is not reused that soon.
    const chosen = meeting.length > 0 ? meeting : others;
    return chosen.toSorted((a, b) => (a.since < b.since ? -1 : Number(a.since > b.since)));
  }
}

function note(ends: Map<bigint, PipeEnd[]>, stream: TraceStream, end: PipeEnd): void {
  if (stream.kind !== "pipe" || stream.inode === 0n) return;
  const known = ends.get(stream.inode);
  if (known === undefined) ends.set(stream.inode, [end]);
  else known.push(end);
}
