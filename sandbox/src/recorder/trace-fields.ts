import type { TraceAddress, TraceFile, TracePath, TraceProgram, TraceStream, TraceTask } from "@airlock/contracts";
import { readAddress } from "./trace-address.ts";
import {
  FIELD,
  FIELD_HEADER_BYTES,
  FILE_DELETED,
  FILE_FIELD_BYTES,
  FILE_MEMFD,
  FILE_TRUNCATED,
  LAYERS,
  STREAM_FIELD_BYTES,
  STREAM_KINDS,
  TASK_BYTES,
} from "./trace-format.ts";
import { readProgram } from "./trace-program.ts";
import { MalformedRecord, type Span, textUntilNul } from "./trace-span.ts";

/** The variable part of a record: each kind of field in the order it came. */
export interface RecordFields {
  readonly paths: TracePath[];
  readonly streams: TraceStream[];
  task: TraceTask | undefined;
  file: TraceFile | undefined;
  local: TraceAddress | undefined;
  remote: TraceAddress | undefined;
  argv: string[] | undefined;
  env: string[] | undefined;
  filename: string | undefined;
  interpreter: string | undefined;
  cwd: string | undefined;
  name: string | undefined;
  head: Uint8Array | undefined;
  program: TraceProgram | undefined;
  script: TraceProgram | undefined;
}

/**
 * Reads all fields between two places of `bytes`. By place and not by slices, since records come by the million and each
 * slice is an object. Throws MalformedRecord when a field reaches beyond the end.
 */
export function readFields(bytes: Buffer, from: number, to: number): RecordFields {
  const fields = emptyFields();
  let at = from;
  while (at < to) {
    const begin = at + FIELD_HEADER_BYTES;
    if (begin > to) throw new MalformedRecord("field header is cut off");
    const end = begin + bytes.readUInt16LE(at + 2);
    if (end > to) throw new MalformedRecord("field is cut off");
    readField(fields, bytes.readUInt16LE(at), { bytes, from: begin, to: end });
    at = end;
  }
  return fields;
}

function emptyFields(): RecordFields {
  return {
    paths: [],
    streams: [],
    task: undefined,
    file: undefined,
    local: undefined,
    remote: undefined,
    argv: undefined,
    env: undefined,
    filename: undefined,
    interpreter: undefined,
    cwd: undefined,
    name: undefined,
    head: undefined,
    program: undefined,
    script: undefined,
  };
}

function readField(fields: RecordFields, tag: number, span: Span): void {
  switch (tag) {
    case FIELD.argument:
      fields.paths.push({ argument: textOf(span), base: "", readable: true });
      return;
    case FIELD.unreadable:
      fields.paths.push({ argument: "", base: "", readable: false });
      return;
    case FIELD.base:
      readBase(fields, span);
      return;
    case FIELD.file:
      fields.file = readFile(span);
      return;
    case FIELD.argv:
      fields.argv = splitStrings(span);
      return;
    case FIELD.argvTail:
      fields.argv = [...(fields.argv ?? []), CUT, ...splitStrings(span)];
      return;
    case FIELD.env:
      fields.env = splitStrings(span);
      return;
    case FIELD.envTail:
      fields.env = [...(fields.env ?? []), CUT, ...splitStrings(span)];
      return;
    case FIELD.filename:
      fields.filename = textOf(span);
      return;
    case FIELD.interpreter:
      fields.interpreter = textOf(span);
      return;
    case FIELD.cwd:
      fields.cwd = readFolder(span);
      return;
    case FIELD.stream:
      fields.streams.push(readStream(span));
      return;
    case FIELD.local:
      fields.local = readAddress(span);
      return;
    case FIELD.remote:
      fields.remote = readAddress(span);
      return;
    case FIELD.head:
      // A copy: a slice would keep the whole batch's bytes alive.
      fields.head = Uint8Array.prototype.slice.call(span.bytes, span.from, span.to);
      return;
    case FIELD.task:
      fields.task = readTask(span.bytes, span.from, span.to);
      return;
    case FIELD.name:
      fields.name = textOf(span);
      return;
    case FIELD.program:
      fields.program = readProgram(span);
      return;
    case FIELD.script:
      fields.script = readProgram(span);
      return;
    default:
      throw new MalformedRecord(`no field has the tag ${tag}`);
  }
}

function textOf({ bytes, from, to }: Span): string {
  return bytes.toString("utf8", from, to);
}

/** Stands for what was left out. */
const CUT = "…";

/** NUL after each string, but for one that was cut off. */
function splitStrings({ bytes, from, to }: Span): string[] {
  if (from === to) return [];
  return bytes.toString("utf8", from, bytes[to - 1] === 0 ? to - 1 : to).split("\0");
}

/** Belongs to the argument before it. */
function readBase(fields: RecordFields, span: Span): void {
  const path = fields.paths.pop();
  if (path === undefined) throw new MalformedRecord("a base without a path");
  fields.paths.push({ argument: path.argument, base: readFolder(span), readable: path.readable });
}

function readFolder(span: Span): string {
  const flags = span.from < span.to ? span.bytes.readUInt8(span.from) : 0;
  return readNames(span, 1, (flags & FILE_TRUNCATED) !== 0);
}

/**
 * Names behind so many bytes, from the leaf up, each with a NUL behind it. A path whose beginning is missing must not look
 * like an absolute one: it begins with `…/`.
 */
function readNames({ bytes, from, to }: Span, behind: number, truncated: boolean): string {
  const begin = from + behind;
  if (begin > to) throw new MalformedRecord("path is cut off");
  if (begin === to) return truncated ? `${CUT}/` : "/";
  const names = bytes.toString("utf8", begin, bytes[to - 1] === 0 ? to - 1 : to).split("\0");
  let path = truncated ? CUT : "";
  for (let index = names.length - 1; index >= 0; index--) path += `/${names[index]}`;
  return path;
}

export function readTask(bytes: Buffer, from: number, to: number): TraceTask {
  if (to - from < TASK_BYTES) throw new MalformedRecord("task is cut off");
  const pid = bytes.readUInt32LE(from + 8);
  return {
    key: keyOf(bytes.readBigUInt64LE(from), pid),
    pid,
    tid: bytes.readUInt32LE(from + 12),
    nsPid: bytes.readUInt32LE(from + 16),
    uid: bytes.readUInt32LE(from + 20),
    gid: bytes.readUInt32LE(from + 24),
    euid: bytes.readUInt32LE(from + 28),
    comm: textUntilNul({ bytes, from: from + 32, to: from + TASK_BYTES }),
  };
}

export function keyOf(start: bigint, pid: number): string {
  return `${start}:${pid}`;
}

function readFile(span: Span): TraceFile {
  const { bytes, from, to } = span;
  if (to - from < FILE_FIELD_BYTES) throw new MalformedRecord("file is cut off");
  const layer = LAYERS[bytes.readUInt8(from + 26)];
  if (layer === undefined) throw new MalformedRecord("no such layer");
  const flags = bytes.readUInt8(from + 27);
  const truncated = (flags & FILE_TRUNCATED) !== 0;
  const path = readNames(span, FILE_FIELD_BYTES, truncated);
  return {
    path,
    truncated,
    device: deviceNumber(bytes.readUInt32LE(from + 16)),
    inode: bytes.readBigUInt64LE(from),
    mode: bytes.readUInt16LE(from + 24),
    size: bytes.readBigUInt64LE(from + 8),
    layer,
    magic: bytes.readUInt32LE(from + 20),
    deleted: (flags & FILE_DELETED) !== 0,
    // On the kernel's own mount it lies at the top; a file that was only called so and then deleted lies below some folder.
    memfd: (flags & FILE_MEMFD) !== 0 && path.lastIndexOf("/") === 0,
  };
}

/** From the kernel's own form to that of st_dev, which user space knows. */
function deviceNumber(device: number): number {
  const major = device >>> 20;
  const minor = device & 0xf_ffff;
  return (((minor & ~0xff) << 12) | (major << 8) | (minor & 0xff)) >>> 0;
}

function readStream({ bytes, from, to }: Span): TraceStream {
  if (to - from < STREAM_FIELD_BYTES) throw new MalformedRecord("stream is cut off");
  const kind = STREAM_KINDS[bytes.readUInt8(from + 1)];
  if (kind === undefined) throw new MalformedRecord("no such kind of stream");
  const inode = bytes.readBigUInt64LE(from + 8);
  const { remote } = readFields(bytes, from + STREAM_FIELD_BYTES, to);
  return remote === undefined ? { kind, inode } : { kind, inode, peer: remote };
}
