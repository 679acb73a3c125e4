/**
 * What the tracer says, decoded. Types and no zod schema: records come by the million in a binary form whose
 * decoder (`sandbox/src/recorder/decode.ts`) checks every length itself. Strings and bytes are the sample's, hence hostile.
 */

/** A process as the kernel knows it. `key` is `<start, ns since boot>:<pid>` and survives pid reuse. */
export interface TraceTask {
  readonly key: string;
  /** Thread group id in the host's own pid namespace. */
  readonly pid: number;
  readonly tid: number;
  /** Thread group id as the sample sees it. */
  readonly nsPid: number;
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly comm: string;
}

/** The file behind a descriptor or a mapping, from the kernel's own structures: what a path argument can't fake. */
export interface TraceFile {
  /** Walked from the dentry across mounts to the root of the mount namespace, so a chroot shortens none; `truncated` when too deep: then only the inner part, behind `…/`. */
  readonly path: string;
  readonly truncated: boolean;
  readonly device: number;
  readonly inode: bigint;
  /** Full st_mode, with the file type. */
  readonly mode: number;
  readonly size: bigint;
  /** `upper` and `lower` of the overlay; `none` for any other file system. */
  readonly layer: "upper" | "lower" | "none";
  /** Super block magic, such as 0x9123683e; tells proc, sysfs, tmpfs and overlay apart. */
  readonly magic: number;
  /** No name left (nlink 0). A memfd is one too. */
  readonly deleted: boolean;
  readonly memfd: boolean;
}

/**
 * What was read of an executed file that is not in the image as it is, before its first instruction ran. `copied`: the run's
 * `dropped/` folder has it under its hash; `hashed`: a copy would have been beyond a bound; `too-large`: not even read;
 * `gone`: could not be read, as when its process was killed at once.
 */
export interface TraceProgram {
  readonly state: "copied" | "hashed" | "too-large" | "gone";
  readonly size: bigint;
  /** When it is copied or hashed. */
  readonly sha256?: string;
  /** First 16 bytes. */
  readonly head: Uint8Array;
}

/** What descriptor 0, 1 or 2 was at an exec. */
export interface TraceStream {
  readonly kind: "closed" | "null" | "file" | "pipe" | "socket" | "unix" | "tty" | "other";
  /** Pipe or socket inode: both ends of one pipe share it. */
  readonly inode: bigint;
  readonly peer?: TraceAddress;
}

export type TraceAddress =
  | { readonly family: "ipv4" | "ipv6"; readonly address: string; readonly port: number }
  /** `@name` for an abstract socket. */
  | { readonly family: "unix"; readonly path: string }
  | { readonly family: "other"; readonly number: number };

/**
 * A path as given, and the folder it is relative to as the kernel sees it: working directory or dirfd, and for an absolute
 * path the process's root (not `/` after a chroot); `…/` at its beginning: too deep to be told whole. Not given at all (NULL): empty and readable.
 */
export interface TracePath {
  readonly argument: string;
  readonly base: string;
  /**
   * False when the user's pointer could not be read: then `argument` is empty and that is evidence by itself. But not of a
   * `blocked` call: nobody has read its strings, so their pages may just not be in memory.
   */
  readonly readable: boolean;
}

interface TraceBase {
  /** Nanoseconds on CLOCK_BOOTTIME. */
  readonly time: bigint;
  readonly task: TraceTask;
}

interface TraceCall extends TraceBase {
  /** Name by the table of the entry used (32-bit calls by the 32-bit table). */
  readonly syscall: string;
  readonly compat: boolean;
  /** As the kernel returned it: negative errno on failure. */
  readonly result: number;
  /** No `sys_enter` was seen: refused by seccomp before it ran. */
  readonly blocked: boolean;
  /** A name was another when the call began: a second thread changed it, and which one the kernel took is not known. */
  readonly raced?: boolean;
}

export interface TraceSocket {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
}

export type TraceRecord =
  | (TraceBase & { readonly kind: "fork"; readonly child: TraceTask })
  | (TraceBase & {
      readonly kind: "exec";
      readonly parentKey: string;
      /** The path given to execve, from the kernel's own copy. */
      readonly filename: string;
      /** Interpreter's path if the kernel loaded one through `#!` or binfmt; then `filename` is the script. */
      readonly interpreter: string | null;
      readonly file: TraceFile;
      /** Cut: the beginning, `…`, and the end. */
      readonly argv: readonly string[];
      readonly argvTruncated: boolean;
      /** Chosen ones, see `argv`. */
      readonly env: readonly string[];
      readonly envTruncated: boolean;
      /** Begins with `…/` when it is too deep, as a path's `base` does. */
      readonly cwd: string;
      readonly streams: readonly [TraceStream, TraceStream, TraceStream];
      /** Of `file`, unless it is in the image, or the recorder keeps no copies. */
      readonly program?: TraceProgram;
      /** Of the script, likewise; of scripts that lead to scripts the first. */
      readonly script?: TraceProgram;
      /** The process was stopped until a copy was made: a `program` record tells of it. */
      readonly held?: boolean;
      /** It should have been, and could not: whatever ran is not known. */
      readonly unheld?: boolean;
    })
  /** What was found of the file of an exec that was `held`: same task, and its time. */
  | (TraceBase & { readonly kind: "program"; readonly execTime: bigint; readonly program: TraceProgram })
  | (TraceBase & { readonly kind: "exit"; readonly code: number; readonly signal: number })
  | (TraceCall & {
      readonly kind: "open";
      readonly path: TracePath;
      /** O_* bits. */
      readonly flags: number;
      readonly mode: number;
      /** Absent when the open failed. */
      readonly file?: TraceFile;
      /** The open made the file. */
      readonly created: boolean;
    })
  /** Sum of one process's writes to one file, when it was closed, when the process ended, or at the end of the run. */
  | (TraceBase & {
      readonly kind: "write-total";
      readonly file: TraceFile;
      readonly bytes: bigint;
      readonly calls: number;
      readonly head: Uint8Array;
    })
  /**
   * Calls on one path, or two. `path` is what is acted on: a rename's old name, a link's or symlink's new one. `other` is a
   * rename's new name, a link's existing file, a symlink's target as given.
   */
  | (TraceCall & {
      readonly kind: "path";
      readonly operation:
        | "rename"
        | "unlink"
        | "rmdir"
        | "link"
        | "symlink"
        | "mkdir"
        | "mknod"
        | "chmod"
        | "chown"
        | "truncate"
        | "utimes"
        | "setxattr"
        | "chdir"
        | "access"
        | "stat"
        | "readlink"
        | "removexattr"
        /** A fallocate that takes contents away, or found no space. */
        | "erase";
      readonly path: TracePath;
      readonly other?: TracePath;
      /** Of a call on a descriptor: the file behind it. Of a chdir that succeeded: the folder it led to. */
      readonly file?: TraceFile;
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
      readonly length?: bigint;
      /** Of an extended attribute. */
      readonly name?: string;
    })
  | (TraceCall & {
      readonly kind: "socket-call";
      readonly operation: "socket" | "connect" | "bind" | "listen" | "accept" | "send";
      readonly socket: TraceSocket;
      readonly local?: TraceAddress;
      readonly remote?: TraceAddress;
      /** Length asked to be sent. */
      readonly bytes?: number;
    })
  | (TraceCall & {
      readonly kind: "syscall";
      readonly args: readonly bigint[];
      /** String arguments in order, where the call has any: mount source, target and type; memfd name; ... */
      readonly paths: readonly TracePath[];
      /** Descriptor argument's file, where the call takes one: finit_module, setns, mmap. Of a chroot: the new root. */
      readonly file?: TraceFile;
    })
  /**
   * An operation submitted to an io_uring, which is no call. From the kernel's own copies; how it ends is not known. An
   * exact repeat is suppressed.
   */
  | (TraceBase & {
      readonly kind: "ring-operation";
      /** Such as `OPENAT`; `OP_<number>` of one that is newer than our table. */
      readonly operation: string;
      /** The operation's descriptor; `registered`: a place in the ring's own table of files. */
      readonly fd?: number;
      readonly registered: boolean;
      /** Of an open, mkdir, unlink, stat, rename, link or attribute; `other` as of calls on paths. */
      readonly path?: TracePath;
      readonly other?: TracePath;
      /** Behind `fd`, unless that is a socket. */
      readonly file?: TraceFile;
      /** Behind `fd`, or to be made. */
      readonly socket?: TraceSocket;
      readonly local?: TraceAddress;
      readonly remote?: TraceAddress;
      /** O_* bits of an open. */
      readonly flags?: number;
      /** Of an open or mkdir. */
      readonly mode?: number;
      /** Length asked to be sent or written, and the first of these bytes. */
      readonly bytes?: number;
      readonly head?: Uint8Array;
    });

export type TraceKind = TraceRecord["kind"];

/** Books of one class of events: `counted = delivered + suppressed + dropped`, in records. */
export interface TraceClassAccount {
  readonly counted: number;
  readonly delivered: number;
  readonly suppressed: number;
  readonly dropped: number;
}

/** Closing books of one recorded analysis, from counters kept beside the records and exact even when those were lost. */
export interface TraceAccount {
  readonly classes: Readonly<Record<string, TraceClassAccount>>;
  /** By name (`i386:` in front for 32-bit calls): all calls, failed ones, and those refused by seccomp or with EPERM/EACCES. */
  readonly syscalls: Readonly<Record<string, { calls: number; failed: number; denied: number }>>;
  readonly heartbeats: number;
  /** Longest gap between two heartbeats, in ms: a stalled tracer shows here. */
  readonly longestGapMs: number;
  /** The sample's first exec was seen. */
  readonly started: boolean;
  readonly ringPeakBytes: number;
  readonly frozenMs: number;
}
