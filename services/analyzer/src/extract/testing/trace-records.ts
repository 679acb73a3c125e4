import type { TraceAddress, TraceFile, TracePath, TraceRecord, TraceStream, TraceTask } from "@airlock/contracts";

/** Builders of trace records for tests: plain values that a test can read, with every member that it does not care about filled. */

const MILLISECOND = 1_000_000n;

/** Process number `n` of the sample: pid n inside, 1000 + n outside. */
export function task(n: number, changes: Partial<TraceTask> = {}): TraceTask {
  const pid = 1000 + n;
  return { key: `${n * 10}:${pid}`, pid, tid: pid, nsPid: n, uid: 0, gid: 0, euid: 0, comm: `task${n}`, ...changes };
}

export function file(path: string, changes: Partial<TraceFile> = {}): TraceFile {
  return {
    path,
    truncated: false,
    device: 1,
    inode: 1n,
    mode: 0o100644,
    size: 0n,
    layer: "lower",
    magic: 0x794c7630,
    deleted: false,
    memfd: false,
    ...changes,
  };
}

export function given(argument: string, base = "/"): TracePath {
  return { argument, base, readable: true };
}

export function stream(kind: TraceStream["kind"] = "null", inode = 0n): TraceStream {
  return { kind, inode };
}

type Of<K extends TraceRecord["kind"]> = Extract<TraceRecord, { kind: K }>;
type Changes<K extends TraceRecord["kind"]> = Partial<Omit<Of<K>, "kind" | "time" | "task">>;

const CALL = { compat: false, result: 0, blocked: false } as const;

/** Records of one process by milliseconds since boot: `by(task(2)).exec(5, ["/bin/sh"])`. */
export function by(actor: TraceTask) {
  const base = (ms: number) => ({ time: BigInt(Math.round(ms * 1000)) * (MILLISECOND / 1000n), task: actor });
  return {
    fork: (ms: number, child: TraceTask): Of<"fork"> => ({ ...base(ms), kind: "fork", child }),
    exec(ms: number, argv: readonly string[], changes: Changes<"exec"> = {}): Of<"exec"> {
      return {
        ...base(ms),
        kind: "exec",
        parentKey: "0:0",
        filename: argv[0] ?? "",
        interpreter: null,
        file: file(argv[0] ?? ""),
        argv,
        argvTruncated: false,
        env: [],
        envTruncated: false,
        cwd: "/",
        streams: [stream(), stream(), stream()],
        ...changes,
      };
    },
    exit: (ms: number, code = 0, signal = 0): Of<"exit"> => ({ ...base(ms), kind: "exit", code, signal }),
    open(ms: number, argument: string, changes: Changes<"open"> = {}): Of<"open"> {
      const opened = (changes.result ?? 0) < 0 ? {} : { file: file(argument) };
      return {
        ...base(ms),
        ...CALL,
        kind: "open",
        syscall: "openat",
        path: given(argument),
        flags: 0,
        mode: 0,
        created: false,
        ...opened,
        ...changes,
      };
    },
    wrote: (ms: number, to: TraceFile, head: string, bytes = head.length): Of<"write-total"> => ({
      ...base(ms),
      kind: "write-total",
      file: to,
      bytes: BigInt(bytes),
      calls: 1,
      head: Buffer.from(head, "latin1"),
    }),
    path(ms: number, operation: Of<"path">["operation"], argument: string, changes: Changes<"path"> = {}): Of<"path"> {
      return { ...base(ms), ...CALL, kind: "path", syscall: operation, operation, path: given(argument), ...changes };
    },
    socket(
      ms: number,
      operation: Of<"socket-call">["operation"],
      changes: Changes<"socket-call"> = {},
    ): Of<"socket-call"> {
      const socket = { family: 2, type: 1, protocol: 6 };
      return { ...base(ms), ...CALL, kind: "socket-call", syscall: operation, operation, socket, ...changes };
    },
    ring(ms: number, operation: string, changes: Changes<"ring-operation"> = {}): Of<"ring-operation"> {
      return { ...base(ms), kind: "ring-operation", operation, registered: false, ...changes };
    },
    call(
      ms: number,
      syscall: string,
      args: readonly (bigint | number)[],
      changes: Changes<"syscall"> = {},
    ): Of<"syscall"> {
      return { ...base(ms), ...CALL, kind: "syscall", syscall, args: args.map(BigInt), paths: [], ...changes };
    },
  };
}

export const TCP = { family: 2, type: 1, protocol: 6 };
export const UDP = { family: 2, type: 2, protocol: 17 };

export function ipv4(address: string, port: number): TraceAddress {
  return { family: "ipv4", address, port };
}
