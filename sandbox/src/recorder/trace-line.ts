import { join } from "node:path/posix";
import type { TraceAddress, TraceFile, TracePath, TraceRecord } from "@airlock/contracts";

/** A record in one line, for comparing a recording with what is expected. No times, no ids: the same on every run. */
export function describeRecord(record: TraceRecord): string {
  switch (record.kind) {
    case "exec":
      return words(
        "exec",
        describeFile(record.file),
        copyOf(record),
        ...scriptOf(record),
        `[${record.argv.join(" ")}]`,
        ...record.env,
      );
    case "program":
      return words("program", record.program.state);
    case "fork":
      return "fork";
    case "exit":
      return record.signal === 0 ? `exit ${record.code}` : `exit by signal ${record.signal}`;
    case "open":
      return words(
        "open",
        record.created && "new",
        resolve(record.path),
        record.file && `= ${describeFile(record.file)}`,
        outcome(record),
      );
    case "write-total":
      return words("wrote", describeFile(record.file), `${record.bytes} in ${record.calls}`, describeHead(record.head));
    case "path":
      return words(
        record.operation,
        record.file === undefined ? resolve(record.path) : describeFile(record.file),
        record.other && `(${record.operation === "symlink" ? record.other.argument : resolve(record.other)})`,
        record.name,
        record.mode !== undefined && `mode ${record.mode.toString(8)}`,
        record.uid !== undefined && `owner ${record.uid}:${record.gid}`,
        record.length !== undefined && `length ${record.length}`,
        outcome(record),
      );
    case "socket-call":
      return words(
        record.operation,
        `${record.socket.family}/${record.socket.type}/${record.socket.protocol}`,
        atOf(record),
        record.remote && `to ${describeAddress(record.remote)}`,
        record.bytes !== undefined && `${record.bytes} bytes`,
        outcome(record),
      );
    case "syscall":
      return words(
        `${record.compat ? "i386:" : ""}${record.syscall}`,
        ...record.paths.map((path) => (path.readable ? path.argument || '""' : "unreadable")),
        record.file && `= ${describeFile(record.file)}`,
        outcome(record),
      );
    case "ring-operation":
      return words(
        `ring ${record.operation}`,
        record.socket && `${record.socket.family}/${record.socket.type}/${record.socket.protocol}`,
        record.path && resolve(record.path),
        record.other && `(${record.operation === "SYMLINKAT" ? record.other.argument : resolve(record.other)})`,
        record.file && `= ${describeFile(record.file)}`,
        record.remote && `to ${describeAddress(record.remote)}`,
        record.remote === undefined && record.local && `at ${describeAddress(record.local)}`,
        record.bytes !== undefined && `${record.bytes} bytes`,
        record.head && record.head.length > 0 && describeHead(record.head),
      );
    default:
      return record satisfies never;
  }
}

function words(...parts: (string | false | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== false && part !== "").join(" ");
}

function describeHead(head: Uint8Array): string {
  return JSON.stringify(Buffer.from(head).toString("latin1").slice(0, 24));
}

type ExecRecord = Extract<TraceRecord, { kind: "exec" }>;

function copyOf({ held, program, unheld }: ExecRecord): string | undefined {
  return unheld ? "unheld" : held ? "held" : program?.state;
}

function scriptOf({ filename, interpreter, script }: ExecRecord): string[] {
  return interpreter === null ? [] : [words(`by ${interpreter} for ${filename}`, script?.state)];
}

function describeFile({ path, memfd, deleted, layer }: TraceFile): string {
  const where = memfd ? "memfd" : layer === "none" ? undefined : layer;
  return words(path, where, deleted && !memfd && "deleted");
}

/** The near end where it was chosen; a client's port is the kernel's choice and never twice the same. */
function atOf({ operation, local }: Extract<TraceRecord, { kind: "socket-call" }>): string | undefined {
  if (local === undefined || operation === "connect" || operation === "send") return undefined;
  return `at ${describeAddress(local)}`;
}

/** As the kernel would, but for symbolic links. */
function resolve({ argument, base, readable }: TracePath): string {
  if (!readable) return "unreadable";
  return join(base, argument).replace(/(?<=.)\/$/, "");
}

function describeAddress(address: TraceAddress): string {
  switch (address.family) {
    case "ipv4":
      return `${address.address}:${address.port}`;
    case "ipv6":
      return `[${address.address}]:${address.port}`;
    case "unix":
      return `unix:${address.path}`;
    case "other":
      return `family ${address.number}`;
    default:
      return address satisfies never;
  }
}

const ERRNO: Record<number, string> = {
  1: "EPERM",
  2: "ENOENT",
  8: "ENOEXEC",
  13: "EACCES",
  14: "EFAULT",
  17: "EEXIST",
  22: "EINVAL",
  28: "ENOSPC",
  38: "ENOSYS",
  97: "EAFNOSUPPORT",
  111: "ECONNREFUSED",
  115: "EINPROGRESS",
};

function outcome({
  result,
  blocked,
  raced = false,
}: {
  readonly result: number;
  readonly blocked: boolean;
  readonly raced?: boolean;
}): string {
  const end = result >= 0 ? "ok" : (ERRNO[-result] ?? `errno ${-result}`);
  return words(raced && "raced", blocked && "blocked", end);
}
