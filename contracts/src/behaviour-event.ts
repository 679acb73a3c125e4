import { z } from "zod";

/**
 * One thing the sample did, in one form for files, signatures' traces and the API.
 * Field names are Sigma's where Sigma has one (PascalCase, and `c-uri` style for `proxy`); ours stand beside them.
 * Values are hostile text. Absent means "not known", never "no".
 */

const text = z.string();
const count = z.number().int().nonnegative();
const port = z.number().int().min(0).max(65535);

/** Where an executed or opened file came from: the image, the image but changed, this run, or no file system at all. */
export const FileOrigin = z.enum(["image", "copied-up", "upper", "volume", "memfd", "deleted", "virtual", "unknown"]);
export type FileOrigin = z.infer<typeof FileOrigin>;

/** The process that acted. On every event whose process is known. */
const actor = {
  Image: text.optional(),
  ImageOrigin: FileOrigin.optional(),
  ProcessId: count.optional(),
  /** Numeric user id as the sample sees it; images seldom carry names worth trusting. */
  User: text.optional(),
};

/** How a call ended: `ok`, or the errno name. Attempts are behaviour: a refused call is recorded like any other. */
const result = {
  Result: text.optional(),
  Denied: z.boolean().optional(),
  /** Another thread changed a name while the kernel worked with it: the name told may not be the one acted on. */
  NamesChanged: z.boolean().optional(),
};

/** What a standard stream is connected to, and for a socket or pipe to whom. */
export const StreamKind = z.enum(["closed", "null", "file", "pipe", "socket", "unix", "tty", "other"]);

const processCreation = z.strictObject({
  ...actor,
  CommandLine: text.optional(),
  /** Arguments as given; `CommandLine` is these joined by blanks. */
  Arguments: z.array(text).optional(),
  CurrentDirectory: text.optional(),
  /** Path given to execve, when `Image` is another: a link, such as all of busybox's applets are. */
  RequestedImage: text.optional(),
  ParentImage: text.optional(),
  ParentCommandLine: text.optional(),
  ParentProcessId: count.optional(),
  /** Images of all ancestors, nearest first. */
  Ancestors: z.array(text).optional(),
  /** Scripts that ancestors were started with, nearest first: pip's and npm's images are their interpreters'. */
  AncestorScripts: z.array(text).optional(),
  /** The script that a `#!` line or an interpreter's first argument names. */
  Script: text.optional(),
  ScriptOrigin: FileOrigin.optional(),
  /** Selected environment, `NAME=value`: loader, interpreter, proxy and history variables. */
  Environment: z.array(text).optional(),
  StdinKind: StreamKind.optional(),
  StdoutKind: StreamKind.optional(),
  StderrKind: StreamKind.optional(),
  /** Image of the process at the other end of the standard input's pipe, when it is one of the sample's. */
  StdinFromImage: text.optional(),
  StdoutToImage: text.optional(),
  StdinPeer: text.optional(),
  StdoutPeer: text.optional(),
  /** Of the executed file, as it was when it ran. */
  Sha256: text.optional(),
  /** Of a `copied-up` image: false when it holds what the image's file holds, so that only its owner, mode or times are others. */
  ImageContentChanged: z.boolean().optional(),
  /** Of the script that a `#!` line made one of. */
  ScriptSha256: text.optional(),
  /** True for the process the engine itself started. */
  IsEntrypoint: z.boolean().optional(),
  /** The name the kernel keeps; a sample can set it freely. */
  Comm: text.optional(),
});

/**
 * A process that acts without having started a program of its own: a shell's `( ... )`, a server's worker. It goes on with the
 * program of whoever forked it. Recorded only where one acts, at the time of the fork.
 */
const processFork = z.strictObject({
  ...actor,
  ParentProcessId: z.number().int().optional(),
  /** Key of the process that forked it, as in `process` of that one's events. */
  ForkedFrom: text,
});

const processTermination = z.strictObject({
  ...actor,
  ExitCode: z.number().int().optional(),
  Signal: text.optional(),
  LifetimeMs: z.number().nonnegative().optional(),
});

/** One process reaching into another: ptrace, process_vm_*, /proc/PID/mem, kill, pidfd_getfd. */
const processAccess = z.strictObject({
  ...actor,
  ...result,
  SourceImage: text.optional(),
  TargetImage: text.optional(),
  TargetProcessId: z.number().int().optional(),
  CallName: text,
  /** Such as PTRACE_ATTACH, or SIGKILL for kill. */
  Request: text.optional(),
  TargetIsChild: z.boolean().optional(),
});

const file = {
  ...actor,
  ...result,
  /** Where the kernel found the file, links followed, and for an attempt what was asked for. */
  TargetFilename: text,
  /** The path asked for, when the kernel found the file at another: by way of a link, of `/proc/1/root`, of a `chroot`. */
  RequestedFilename: text.optional(),
  FileOrigin: FileOrigin.optional(),
};

/** A file, folder, link or node that was created or opened for writing. */
const fileEvent = z.strictObject({
  ...file,
  Operation: z.enum(["create", "write", "mkdir", "link", "symlink", "mknod"]),
  /** Link target of a symlink, or the existing file of a hard link. */
  SourceFilename: text.optional(),
  BytesWritten: count.optional(),
  /** First bytes, printable, when recorded. */
  Content: text.optional(),
  /** `elf`, `script`, `gzip`, ... by first bytes, when known. */
  ContentType: text.optional(),
  Mode: text.optional(),
});

/** A file opened for reading, or an attempt at it. */
const fileAccess = z.strictObject({ ...file });

/** A change of a file's metadata or length. */
const fileChange = z.strictObject({
  ...file,
  Change: z.enum(["mode", "owner", "truncate", "times", "attributes"]),
  /** Octal with setuid bits: `4755`. */
  Mode: text.optional(),
  Owner: text.optional(),
  /** Name of the extended attribute: `security.capability` gives a program rights. */
  Attribute: text.optional(),
  Length: count.optional(),
});

const fileRename = z.strictObject({ ...file, SourceFilename: text });
const fileDelete = z.strictObject({ ...file });

/** A connection or datagram to an address (`Initiated` true), or one accepted. */
const networkConnection = z.strictObject({
  ...actor,
  ...result,
  Protocol: z.enum(["tcp", "udp", "icmp", "raw", "unix", "other"]),
  Initiated: z.boolean(),
  SourceIp: text.optional(),
  SourcePort: port.optional(),
  DestinationIp: text.optional(),
  DestinationPort: port.optional(),
  /** Name whose DNS answer, in this run and before, gave this address. */
  DestinationHostname: text.optional(),
  DestinationIsIpv6: z.boolean().optional(),
  /** Path of a unix socket; abstract ones begin with `@`. */
  DestinationPath: text.optional(),
  /** By first bytes, not by port: `http`, `tls`, `ssh`, `stratum`, `unknown`, ... */
  Application: text.optional(),
  BytesSent: count.optional(),
  BytesReceived: count.optional(),
});

const networkListen = z.strictObject({
  ...actor,
  ...result,
  Protocol: z.enum(["tcp", "udp", "unix", "other"]),
  LocalIp: text.optional(),
  LocalPort: port.optional(),
  LocalPath: text.optional(),
  /** Whether the image or the submission declares the port. */
  Exposed: z.boolean().optional(),
});

const dnsQuery = z.strictObject({
  ...actor,
  QueryName: text,
  QueryType: text,
  QueryStatus: text.optional(),
  QueryResults: text.optional(),
  /** Resolver asked. */
  DestinationIp: text.optional(),
});

/** A request of HTTP/1 seen on the wire, whatever its port. Sigma's `proxy` names. */
const proxy = z.strictObject({
  ...actor,
  "c-uri": text,
  "c-uri-query": text.optional(),
  "cs-method": text,
  "cs-host": text.optional(),
  "c-useragent": text.optional(),
  "cs-referrer": text.optional(),
  "cs-cookie": text.optional(),
  "cs-bytes": count.optional(),
  "sc-status": z.number().int().optional(),
  dst_ip: text.optional(),
  dst_port: port.optional(),
  /** First printable bytes of the body. */
  RequestBody: text.optional(),
});

const tls = z.strictObject({
  ...actor,
  ServerName: text.optional(),
  Alpn: z.array(text).optional(),
  Version: text.optional(),
  Ja3: text.optional(),
  DestinationIp: text.optional(),
  DestinationPort: port.optional(),
});

/** Bytes that the sample sent on a connection or in datagrams, printable form: the first of a flow, or a piece of the rest. */
const payload = z.strictObject({
  ...actor,
  Protocol: z.enum(["tcp", "udp", "icmp", "other"]),
  /** Only beside a flow's first bytes, so that what a flow is counts once. */
  Application: text.optional(),
  DestinationIp: text.optional(),
  DestinationPort: port.optional(),
  DestinationHostname: text.optional(),
  Data: text,
  /** Where `Data` begins in what the flow sent; absent on its first bytes. */
  Offset: count.optional(),
  /** Of all that the flow sent. */
  Length: count,
});

/** A line of standard output or error. */
const output = z.strictObject({ Stream: z.enum(["stdout", "stderr"]), Message: text });

/** A system call that has no category of its own, with decoded arguments. */
const syscall = z.strictObject({
  ...actor,
  ...result,
  SyscallName: text,
  /** Decoded, in order: numbers as decimal or hex text, flags as names joined by `|`, paths resolved. */
  Arguments: z.array(text).optional(),
  /** The path or name that matters most: mount target, memfd name, ... */
  TargetFilename: text.optional(),
  /** Called through the 32-bit entry. */
  Compat: z.boolean().optional(),
  ReturnValue: z.number().optional(),
});

const driverLoad = z.strictObject({ ...actor, ...result, ImageLoaded: text.optional(), SyscallName: text });

/** A measurement over other events, computed in judge and never stored as truth; `Sources` are their ids. */
const derived = z.looseObject({ ...actor, Fact: text, Sources: z.array(z.string()) });

const event = <C extends string, F extends z.ZodType>(category: C, fields: F) =>
  z.strictObject({
    /** `e` and a number; unique in the run, rising with time. */
    id: z.string(),
    /** Unix time in nanoseconds, as text since it exceeds a double. */
    time: z.string().regex(/^\d{1,20}$/),
    category: z.literal(category),
    /** Key of the acting process: kernel start time and pid. Null where traffic can't be joined to one. */
    process: z.string().nullable(),
    fields,
  });

export const BehaviourEvent = z.discriminatedUnion("category", [
  event("process_creation", processCreation),
  event("process_fork", processFork),
  event("process_termination", processTermination),
  event("process_access", processAccess),
  event("file_event", fileEvent),
  event("file_access", fileAccess),
  event("file_change", fileChange),
  event("file_rename", fileRename),
  event("file_delete", fileDelete),
  event("network_connection", networkConnection),
  event("network_listen", networkListen),
  event("dns_query", dnsQuery),
  event("proxy", proxy),
  event("tls", tls),
  event("payload", payload),
  event("output", output),
  event("syscall", syscall),
  event("driver_load", driverLoad),
  event("derived", derived),
]);
export type BehaviourEvent = z.infer<typeof BehaviourEvent>;

export type EventCategory = BehaviourEvent["category"];
export const EVENT_CATEGORIES: readonly EventCategory[] = BehaviourEvent.options.map(
  (option) => option.shape.category.value,
);

/** The event of one category, for code that makes or reads just that. */
export type EventOf<C extends EventCategory> = Extract<BehaviourEvent, { category: C }>;
