import type { TracePath, TraceRecord, TraceStream, TraceTask } from "@airlock/contracts";
import { selectEnvironment } from "./environment.ts";
import { nameSyscall } from "./syscall-names.ts";
import { keyOf, MalformedRecord, type RecordFields, readFields, readTask } from "./trace-fields.ts";
import {
  CALL_BLOCKED,
  CALL_BODY_BYTES,
  CALL_COMPAT,
  EXEC_ARGV_TRUNCATED,
  KIND,
  PATH_OPERATIONS,
  RECORD_HEADER_BYTES,
  SOCKET_OPERATIONS,
} from "./trace-format.ts";

interface RecordBase {
  readonly time: bigint;
  readonly task: TraceTask;
}

type RecordOf<K extends TraceRecord["kind"]> = Extract<TraceRecord, { kind: K }>;

/** Decodes one record. Throws MalformedRecord for anything that the kernel side can't have written. */
export function readRecord(bytes: Buffer): TraceRecord {
  if (bytes.length < RECORD_HEADER_BYTES) throw new MalformedRecord("record is cut off");
  const base = { time: bytes.readBigUInt64LE(8), task: readTask(bytes.subarray(16, RECORD_HEADER_BYTES)) };
  const body = bytes.subarray(RECORD_HEADER_BYTES);
  const kind = bytes.readUInt16LE(0);
  switch (kind) {
    case KIND.fork:
      return readFork(base, body);
    case KIND.exec:
      return readExec(base, body);
    case KIND.exit:
      return readExit(base, body);
    case KIND.write:
      return readWrite(base, body);
    case KIND.open:
      return readOpen(base, body);
    case KIND.path:
      return readPathCall(base, body);
    case KIND.socket:
      return readSocketCall(base, body);
    case KIND.syscall:
      return readSyscall(base, body);
    default:
      throw new MalformedRecord(`no record has the kind ${kind}`);
  }
}

function readFork(base: RecordBase, body: Buffer): RecordOf<"fork"> {
  const { task } = readFields(body);
  if (task === undefined) throw new MalformedRecord("a fork without a child");
  return { ...base, kind: "fork", child: task };
}

const CLOSED: TraceStream = { kind: "closed", inode: 0n };

function readExec(base: RecordBase, body: Buffer): RecordOf<"exec"> {
  const fields = readFields(rest(body, 16));
  if (fields.file === undefined) throw new MalformedRecord("an exec without a file");
  const [stdin = CLOSED, stdout = CLOSED, stderr = CLOSED] = fields.streams;
  return {
    ...base,
    kind: "exec",
    parentKey: keyOf(body.readBigUInt64LE(0), body.readUInt32LE(8)),
    filename: fields.filename ?? "",
    interpreter: fields.interpreter ?? null,
    file: fields.file,
    argv: splitStrings(fields.argv),
    argvTruncated: (body.readUInt32LE(12) & EXEC_ARGV_TRUNCATED) !== 0,
    env: selectEnvironment(splitStrings(fields.env)),
    cwd: fields.cwd ?? "",
    streams: [stdin, stdout, stderr],
  };
}

function readExit(base: RecordBase, body: Buffer): RecordOf<"exit"> {
  readFields(rest(body, 8));
  const status = body.readUInt32LE(0);
  return { ...base, kind: "exit", code: (status >>> 8) & 0xff, signal: status & 0x7f };
}

function readWrite(base: RecordBase, body: Buffer): RecordOf<"write-total"> {
  const { file, head } = readFields(rest(body, 16));
  if (file === undefined) throw new MalformedRecord("a write without a file");
  return {
    ...base,
    kind: "write-total",
    file,
    bytes: body.readBigUInt64LE(0),
    calls: Number(body.readBigUInt64LE(8)),
    // A copy, since the batch's buffer would be kept alive by it.
    head: Uint8Array.from(head ?? []),
  };
}

interface Call extends RecordBase {
  readonly syscall: string;
  readonly compat: boolean;
  readonly result: number;
  readonly blocked: boolean;
}

interface CallBody {
  readonly call: Call;
  readonly operation: number;
  readonly values: readonly bigint[];
  /** The value in that place, unless the call has none. */
  readonly given: (place: number) => number | undefined;
  readonly fields: RecordFields;
}

function readCall(base: RecordBase, body: Buffer): CallBody {
  const fields = readFields(rest(body, CALL_BODY_BYTES));
  const flags = body.readUInt8(12);
  const compat = (flags & CALL_COMPAT) !== 0;
  const present = body.readUInt16LE(14);
  const values = Array.from({ length: 6 }, (_, index) => body.readBigUInt64LE(16 + index * 8));
  return {
    call: {
      ...base,
      syscall: nameSyscall(body.readUInt32LE(8), compat),
      compat,
      result: Number(body.readBigInt64LE(0)),
      blocked: (flags & CALL_BLOCKED) !== 0,
    },
    operation: body.readUInt8(13),
    values,
    given: (place) => (present & (1 << place) ? Number(values[place]) : undefined),
    fields,
  };
}

const UNREADABLE: TracePath = { argument: "", base: "", readable: false };

function readOpen(base: RecordBase, body: Buffer): RecordOf<"open"> {
  const { call, given, fields } = readCall(base, body);
  return {
    ...call,
    kind: "open",
    path: fields.paths[0] ?? UNREADABLE,
    flags: given(0) ?? 0,
    mode: given(1) ?? 0,
    created: (given(2) ?? 0) !== 0,
    ...(fields.file === undefined ? {} : { file: fields.file }),
  };
}

/** A name for calls on descriptors: they have a file and no path of their own. */
const NO_PATH: TracePath = { argument: "", base: "", readable: true };

function readPathCall(base: RecordBase, body: Buffer): RecordOf<"path"> {
  const { call, operation, values, given, fields } = readCall(base, body);
  const name = PATH_OPERATIONS[operation];
  if (name === undefined) throw new MalformedRecord("no such operation on a path");
  const [path, other] = fields.paths;
  const [mode, uid, gid] = [given(0), given(1), given(2)];
  return {
    ...call,
    kind: "path",
    operation: name,
    path: path ?? NO_PATH,
    ...(other === undefined ? {} : { other }),
    ...(fields.file === undefined ? {} : { file: fields.file }),
    ...(fields.name === undefined ? {} : { name: fields.name }),
    ...(mode === undefined ? {} : { mode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(given(3) === undefined ? {} : { length: values[3] ?? 0n }),
  };
}

function readSocketCall(base: RecordBase, body: Buffer): RecordOf<"socket-call"> {
  const { call, operation, given, fields } = readCall(base, body);
  const name = SOCKET_OPERATIONS[operation];
  if (name === undefined) throw new MalformedRecord("no such operation on a socket");
  const bytes = given(3);
  return {
    ...call,
    kind: "socket-call",
    operation: name,
    socket: { family: given(0) ?? 0, type: given(1) ?? 0, protocol: given(2) ?? 0 },
    ...(fields.local === undefined ? {} : { local: fields.local }),
    ...(fields.remote === undefined ? {} : { remote: fields.remote }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

function readSyscall(base: RecordBase, body: Buffer): RecordOf<"syscall"> {
  const { call, values, fields } = readCall(base, body);
  return {
    ...call,
    kind: "syscall",
    args: values,
    paths: fields.paths,
    ...(fields.file === undefined ? {} : { file: fields.file }),
  };
}

function rest(body: Buffer, from: number): Buffer {
  if (body.length < from) throw new MalformedRecord("body is cut off");
  return body.subarray(from);
}

/** NUL after each string, but for one that was cut off. */
function splitStrings(bytes: Buffer | undefined): string[] {
  if (bytes === undefined || bytes.length === 0) return [];
  return bytes.toString("utf8", 0, bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length).split("\0");
}
