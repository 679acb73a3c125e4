import type { TraceAddress, TraceFile, TracePath, TraceStream, TraceTask } from "@airlock/contracts";
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

/** Bytes that are no record. Stays inside of the decoder, which counts it. */
export class MalformedRecord extends Error {}

/** The variable part of a record: each kind of field in the order it came. */
export interface RecordFields {
  readonly paths: TracePath[];
  readonly streams: TraceStream[];
  task: TraceTask | undefined;
  file: TraceFile | undefined;
  local: TraceAddress | undefined;
  remote: TraceAddress | undefined;
  argv: Buffer | undefined;
  env: Buffer | undefined;
  filename: string | undefined;
  interpreter: string | undefined;
  cwd: string | undefined;
  name: string | undefined;
  head: Buffer | undefined;
}

/** Reads all fields of `bytes`. Throws MalformedRecord when one reaches beyond the end. */
export function readFields(bytes: Buffer): RecordFields {
  const fields = emptyFields();
  let at = 0;
  while (at < bytes.length) {
    if (at + FIELD_HEADER_BYTES > bytes.length) throw new MalformedRecord("field header is cut off");
    const tag = bytes.readUInt16LE(at);
    const begin = at + FIELD_HEADER_BYTES;
    const end = begin + bytes.readUInt16LE(at + 2);
    if (end > bytes.length) throw new MalformedRecord("field is cut off");
    readField(fields, tag, bytes.subarray(begin, end));
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
  };
}

function readField(fields: RecordFields, tag: number, bytes: Buffer): void {
  switch (tag) {
    case FIELD.argument:
      fields.paths.push({ argument: bytes.toString("utf8"), base: "", readable: true });
      return;
    case FIELD.unreadable:
      fields.paths.push({ argument: "", base: "", readable: false });
      return;
    case FIELD.base:
      readBase(fields, bytes);
      return;
    case FIELD.file:
      fields.file = readFile(bytes);
      return;
    case FIELD.argv:
      fields.argv = bytes;
      return;
    case FIELD.env:
      fields.env = bytes;
      return;
    case FIELD.filename:
      fields.filename = bytes.toString("utf8");
      return;
    case FIELD.interpreter:
      fields.interpreter = bytes.toString("utf8");
      return;
    case FIELD.cwd:
      fields.cwd = readNames(bytes, 1);
      return;
    case FIELD.stream:
      fields.streams.push(readStream(bytes));
      return;
    case FIELD.local:
      fields.local = readAddress(bytes);
      return;
    case FIELD.remote:
      fields.remote = readAddress(bytes);
      return;
    case FIELD.head:
      fields.head = bytes;
      return;
    case FIELD.task:
      fields.task = readTask(bytes);
      return;
    case FIELD.name:
      fields.name = bytes.toString("utf8");
      return;
    default:
      throw new MalformedRecord(`no field has the tag ${tag}`);
  }
}

/** Belongs to the argument before it. */
function readBase(fields: RecordFields, bytes: Buffer): void {
  const path = fields.paths.pop();
  if (path === undefined) throw new MalformedRecord("a base without a path");
  fields.paths.push({ ...path, base: readNames(bytes, 1) });
}

/** Names stand from the leaf up, each with a NUL behind it. */
function readNames(bytes: Buffer, from: number): string {
  if (bytes.length < from) throw new MalformedRecord("path is cut off");
  const text = bytes.toString("utf8", from, bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length);
  if (from >= bytes.length) return "/";
  return `/${text.split("\0").toReversed().join("/")}`;
}

export function readTask(bytes: Buffer): TraceTask {
  if (bytes.length < TASK_BYTES) throw new MalformedRecord("task is cut off");
  const pid = bytes.readUInt32LE(8);
  return {
    key: keyOf(bytes.readBigUInt64LE(0), pid),
    pid,
    tid: bytes.readUInt32LE(12),
    nsPid: bytes.readUInt32LE(16),
    uid: bytes.readUInt32LE(20),
    gid: bytes.readUInt32LE(24),
    euid: bytes.readUInt32LE(28),
    comm: untilNul(bytes.subarray(32, TASK_BYTES)),
  };
}

export function keyOf(start: bigint, pid: number): string {
  return `${start}:${pid}`;
}

function readFile(bytes: Buffer): TraceFile {
  if (bytes.length < FILE_FIELD_BYTES) throw new MalformedRecord("file is cut off");
  const layer = LAYERS[bytes.readUInt8(26)];
  if (layer === undefined) throw new MalformedRecord("no such layer");
  const flags = bytes.readUInt8(27);
  const path = readNames(bytes, FILE_FIELD_BYTES);
  return {
    path,
    truncated: (flags & FILE_TRUNCATED) !== 0,
    device: deviceNumber(bytes.readUInt32LE(16)),
    inode: bytes.readBigUInt64LE(0),
    mode: bytes.readUInt16LE(24),
    size: bytes.readBigUInt64LE(8),
    layer,
    magic: bytes.readUInt32LE(20),
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

function readStream(bytes: Buffer): TraceStream {
  if (bytes.length < STREAM_FIELD_BYTES) throw new MalformedRecord("stream is cut off");
  const kind = STREAM_KINDS[bytes.readUInt8(1)];
  if (kind === undefined) throw new MalformedRecord("no such kind of stream");
  const inner = readFields(bytes.subarray(STREAM_FIELD_BYTES));
  const stream = { kind, inode: bytes.readBigUInt64LE(8) };
  return inner.remote === undefined ? stream : { ...stream, peer: inner.remote };
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

function readAddress(bytes: Buffer): TraceAddress {
  if (bytes.length < 4) throw new MalformedRecord("address is cut off");
  const family = bytes.readUInt16LE(0);
  const port = bytes.readUInt16LE(2);
  const data = bytes.subarray(4);
  if (family === AF_UNIX) return { family: "unix", path: readUnixPath(data) };
  if (family === AF_INET && data.length === 4) return { family: "ipv4", address: data.join("."), port };
  if (family === AF_INET6 && data.length === 16) return readIpv6(data, port);
  return { family: "other", number: family };
}

/** Abstract names begin with a NUL and may hold more; others end at the first. */
function readUnixPath(bytes: Buffer): string {
  if (bytes.length > 1 && bytes[0] === 0) return `@${bytes.toString("utf8", 1).replace(/\0+$/, "")}`;
  return untilNul(bytes);
}

/** An IPv4 address on an IPv6 socket is told as what it is on the wire. */
function readIpv6(bytes: Buffer, port: number): TraceAddress {
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  if (mapped) return { family: "ipv4", address: bytes.subarray(12).join("."), port };
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return { family: "ipv6", address: compress(groups), port };
}

/** RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`. */
function compress(groups: readonly string[]): string {
  let best = { at: 0, length: 1 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length === 1) return groups.join(":");
  return `${groups.slice(0, best.at).join(":")}::${groups.slice(best.at + best.length).join(":")}`;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}
