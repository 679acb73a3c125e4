import type { TracePath, TraceRecord, TraceStream, TraceTask } from "@airlock/contracts";
import { selectEnvironment } from "./environment.ts";
import { nameSyscall } from "./syscall-names.ts";
import { keyOf, type RecordFields, readFields, readTask } from "./trace-fields.ts";
import {
  CALL_BLOCKED,
  CALL_BODY_BYTES,
  CALL_COMPAT,
  CALL_RACED,
  EXEC_ARGV_TRUNCATED,
  EXEC_ENV_TRUNCATED,
  EXEC_HELD,
  EXEC_UNHELD,
  KIND,
  PATH_OPERATIONS,
  RECORD_HEADER_BYTES,
  SOCKET_OPERATIONS,
} from "./trace-format.ts";
import { readRingOperation } from "./trace-ring-operation.ts";
import { MalformedRecord } from "./trace-span.ts";

/** Where a record lies, and what all have. `at` is behind that. */
interface RawRecord {
  readonly bytes: Buffer;
  readonly at: number;
  readonly to: number;
  readonly time: bigint;
  readonly task: TraceTask;
}

type RecordOf<K extends TraceRecord["kind"]> = { -readonly [P in keyof Extracted<K>]: Extracted<K>[P] };
type Extracted<K> = Extract<TraceRecord, { kind: K }>;

export interface RecordReader {
  /** Decodes what lies between two places. Throws MalformedRecord for anything that the kernel side can't have written. */
  read(bytes: Buffer, from: number, to: number): TraceRecord;
}

export function createRecordReader(): RecordReader {
  // Mostly the same task as before; then its object serves again.
  let taskBytes = Buffer.alloc(0);
  let task: TraceTask | undefined;
  return {
    read(bytes, from, to) {
      const at = from + RECORD_HEADER_BYTES;
      if (at > to) throw new MalformedRecord("record is cut off");
      if (task === undefined || bytes.compare(taskBytes, 0, taskBytes.length, from + 16, at) !== 0) {
        taskBytes = Buffer.from(bytes.subarray(from + 16, at));
        task = readTask(taskBytes, 0, taskBytes.length);
      }
      return readKind(bytes.readUInt16LE(from), { bytes, at, to, time: bytes.readBigUInt64LE(from + 8), task });
    },
  };
}

function readKind(kind: number, raw: RawRecord): TraceRecord {
  switch (kind) {
    case KIND.fork:
      return readFork(raw);
    case KIND.exec:
      return readExec(raw);
    case KIND.exit:
      return readExit(raw);
    case KIND.write:
      return readWrite(raw);
    case KIND.program:
      return readHeldProgram(raw);
    case KIND.uring:
      return readRingOperation({ bytes: raw.bytes, from: raw.at, to: raw.to }, raw);
    case KIND.open:
      return readOpen(raw);
    case KIND.path:
      return readPathCall(raw);
    case KIND.socket:
      return readSocketCall(raw);
    case KIND.syscall:
      return readSyscall(raw);
    default:
      throw new MalformedRecord(`no record has the kind ${kind}`);
  }
}

/** Fields behind a body of so many bytes. */
function fieldsBehind({ bytes, at, to }: RawRecord, body: number): RecordFields {
  if (at + body > to) throw new MalformedRecord("body is cut off");
  return readFields(bytes, at + body, to);
}

function readFork(raw: RawRecord): RecordOf<"fork"> {
  const { task: child } = fieldsBehind(raw, 0);
  if (child === undefined) throw new MalformedRecord("a fork without a child");
  return { kind: "fork", time: raw.time, task: raw.task, child };
}

const CLOSED: TraceStream = { kind: "closed", inode: 0n };

function readExec(raw: RawRecord): RecordOf<"exec"> {
  const { bytes, at, time, task } = raw;
  const fields = fieldsBehind(raw, 16);
  if (fields.file === undefined) throw new MalformedRecord("an exec without a file");
  const environment = selectEnvironment(fields.env ?? []);
  const flags = bytes.readUInt32LE(at + 12);
  const [stdin = CLOSED, stdout = CLOSED, stderr = CLOSED] = fields.streams;
  return {
    kind: "exec",
    time,
    task,
    parentKey: keyOf(bytes.readBigUInt64LE(at), bytes.readUInt32LE(at + 8)),
    filename: fields.filename ?? "",
    interpreter: fields.interpreter ?? null,
    file: fields.file,
    argv: fields.argv ?? [],
    argvTruncated: (flags & EXEC_ARGV_TRUNCATED) !== 0,
    env: environment.kept,
    envTruncated: (flags & EXEC_ENV_TRUNCATED) !== 0 || environment.truncated,
    cwd: fields.cwd ?? "",
    streams: [stdin, stdout, stderr],
    ...(fields.program === undefined ? {} : { program: fields.program }),
    ...(fields.script === undefined ? {} : { script: fields.script }),
    ...((flags & EXEC_HELD) === 0 ? {} : { held: true }),
    ...((flags & EXEC_UNHELD) === 0 ? {} : { unheld: true }),
  };
}

function readHeldProgram(raw: RawRecord): RecordOf<"program"> {
  const { program } = fieldsBehind(raw, 8);
  if (program === undefined) throw new MalformedRecord("nothing is told of a program");
  const execTime = raw.bytes.readBigUInt64LE(raw.at);
  return { kind: "program", time: raw.time, task: raw.task, execTime, program };
}

function readExit(raw: RawRecord): RecordOf<"exit"> {
  fieldsBehind(raw, 8);
  const status = raw.bytes.readUInt32LE(raw.at);
  return { kind: "exit", time: raw.time, task: raw.task, code: (status >>> 8) & 0xff, signal: status & 0x7f };
}

function readWrite(raw: RawRecord): RecordOf<"write-total"> {
  const { bytes, at, time, task } = raw;
  const { file, head } = fieldsBehind(raw, 16);
  if (file === undefined) throw new MalformedRecord("a write without a file");
  return {
    kind: "write-total",
    time,
    task,
    file,
    bytes: bytes.readBigUInt64LE(at),
    calls: Number(bytes.readBigUInt64LE(at + 8)),
    head: head ?? new Uint8Array(0),
  };
}

/** What all calls have, to be spread into their records. */
interface CallFacts {
  readonly syscall: string;
  readonly compat: boolean;
  readonly result: number;
  readonly blocked: boolean;
  readonly raced?: boolean;
}

interface CallBody {
  readonly call: CallFacts;
  readonly operation: number;
  readonly present: number;
  readonly fields: RecordFields;
}

function readCall(raw: RawRecord): CallBody {
  const { bytes, at } = raw;
  const fields = fieldsBehind(raw, CALL_BODY_BYTES);
  const flags = bytes.readUInt8(at + 12);
  const compat = (flags & CALL_COMPAT) !== 0;
  const call = {
    syscall: nameSyscall(bytes.readUInt32LE(at + 8), compat),
    compat,
    // A result fits into a double: a small error, a descriptor, a count or an address.
    result: bytes.readInt32LE(at + 4) * 0x1_0000_0000 + bytes.readUInt32LE(at),
    blocked: (flags & CALL_BLOCKED) !== 0,
  };
  return {
    call: (flags & CALL_RACED) === 0 ? call : { ...call, raced: true },
    operation: bytes.readUInt8(at + 13),
    present: bytes.readUInt16LE(at + 14),
    fields,
  };
}

const VALUES_AT = 16;

/** Lower half of a value, which is all of it but for lengths and arguments. */
function narrowValueOf({ bytes, at }: RawRecord, place: number): number {
  return bytes.readUInt32LE(at + VALUES_AT + place * 8);
}

function wideValueOf({ bytes, at }: RawRecord, place: number): bigint {
  return bytes.readBigUInt64LE(at + VALUES_AT + place * 8);
}

const UNREADABLE: TracePath = { argument: "", base: "", readable: false };

function readOpen(raw: RawRecord): RecordOf<"open"> {
  const { call, fields } = readCall(raw);
  const record: RecordOf<"open"> = {
    kind: "open",
    time: raw.time,
    task: raw.task,
    ...call,
    path: fields.paths[0] ?? UNREADABLE,
    flags: narrowValueOf(raw, 0),
    mode: narrowValueOf(raw, 1),
    created: narrowValueOf(raw, 2) !== 0,
  };
  if (fields.file !== undefined) record.file = fields.file;
  return record;
}

/** A name for calls on descriptors: they have a file and no path of their own. */
const NO_PATH: TracePath = { argument: "", base: "", readable: true };

function readPathCall(raw: RawRecord): RecordOf<"path"> {
  const { call, operation: number, present, fields } = readCall(raw);
  const operation = PATH_OPERATIONS[number];
  if (operation === undefined) throw new MalformedRecord("no such operation on a path");
  const [path = NO_PATH, other] = fields.paths;
  const { time, task } = raw;
  const record: RecordOf<"path"> = { kind: "path", time, task, ...call, operation, path };
  if (other !== undefined) record.other = other;
  if (fields.file !== undefined) record.file = fields.file;
  if (fields.name !== undefined) record.name = fields.name;
  if (present & 1) record.mode = narrowValueOf(raw, 0);
  if (present & 2) record.uid = narrowValueOf(raw, 1);
  if (present & 4) record.gid = narrowValueOf(raw, 2);
  if (present & 8) record.length = wideValueOf(raw, 3);
  return record;
}

function readSocketCall(raw: RawRecord): RecordOf<"socket-call"> {
  const { call, operation: number, present, fields } = readCall(raw);
  const operation = SOCKET_OPERATIONS[number];
  if (operation === undefined) throw new MalformedRecord("no such operation on a socket");
  const record: RecordOf<"socket-call"> = {
    kind: "socket-call",
    time: raw.time,
    task: raw.task,
    ...call,
    operation,
    socket: { family: narrowValueOf(raw, 0), type: narrowValueOf(raw, 1), protocol: narrowValueOf(raw, 2) },
  };
  if (fields.local !== undefined) record.local = fields.local;
  if (fields.remote !== undefined) record.remote = fields.remote;
  if (present & 8) record.bytes = Number(wideValueOf(raw, 3));
  return record;
}

function readSyscall(raw: RawRecord): RecordOf<"syscall"> {
  const { call, fields } = readCall(raw);
  const record: RecordOf<"syscall"> = {
    kind: "syscall",
    time: raw.time,
    task: raw.task,
    ...call,
    args: [0, 1, 2, 3, 4, 5].map((place) => wideValueOf(raw, place)),
    paths: fields.paths,
  };
  if (fields.file !== undefined) record.file = fields.file;
  return record;
}
