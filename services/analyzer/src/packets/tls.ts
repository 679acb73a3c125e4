import { createHash } from "node:crypto";
import { toText } from "./hostile-text.ts";

/** The two hello messages of TLS, as they stand in a stream's bytes. */

export interface ClientHello {
  readonly serverName: string;
  readonly alpn: readonly string[];
  /** Highest offered. */
  readonly version: string;
  readonly ja3: string;
}

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const MAX_RECORD_BYTES = 16_384 + 2048;
const MAX_HELLO_BYTES = 65_536;
const MAX_PROTOCOLS = 32;

/** Whether a stream opens with a handshake record that holds a hello. */
export function looksLikeTls(content: Buffer): boolean {
  return (
    content.length >= 6 &&
    content[0] === HANDSHAKE_RECORD &&
    content[1] === 3 &&
    (content[2] as number) <= 4 &&
    content.readUInt16BE(3) <= MAX_RECORD_BYTES &&
    (content[5] === CLIENT_HELLO || content[5] === SERVER_HELLO)
  );
}

/** Where a stream stops to be records of TLS; Infinity when all that is there is, the last one cut maybe. */
export function tlsRecordsEnd(content: Buffer): number {
  let offset = 0;
  while (offset < content.length) {
    const isRecord = (content[offset] as number) >= 20 && (content[offset] as number) <= 24;
    if (!isRecord || (content[offset + 1] ?? 3) !== 3) return offset;
    if (offset + 5 > content.length) break;
    const length = content.readUInt16BE(offset + 3);
    if (length > MAX_RECORD_BYTES) return offset;
    offset += 5 + length;
  }
  return Number.POSITIVE_INFINITY;
}

/** Null when there is no whole ClientHello, or one whose lengths contradict each other. */
export function readClientHello(content: Buffer): ClientHello | null {
  const hello = readHello(content, CLIENT_HELLO);
  if (hello === null) return null;
  const session = vector(hello, 34, 1);
  const ciphers = session && vector(hello, session.end, 2);
  const compression = ciphers && vector(hello, ciphers.end, 1);
  if (compression === null || ciphers === null) return null;
  const extensions = readExtensions(hello, compression.end);
  if (extensions === null) return null;
  const legacy = hello.readUInt16BE(0);
  const groups = numbers(vector(extensions.get(10) ?? NOTHING, 0, 2)?.body ?? NOTHING, 2);
  const formats = numbers(vector(extensions.get(11) ?? NOTHING, 0, 1)?.body ?? NOTHING, 1);
  const offered = numbers(vector(extensions.get(43) ?? NOTHING, 0, 1)?.body ?? NOTHING, 2);
  const lists = [numbers(ciphers.body, 2), [...extensions.keys()], groups, formats];
  const text = [legacy, ...lists.map((list) => list.filter((number) => !isGrease(number)).join("-"))].join(",");
  return {
    serverName: readServerName(extensions.get(0) ?? NOTHING),
    alpn: readProtocols(extensions.get(16) ?? NOTHING),
    version: versionName(Math.max(legacy, ...offered.filter((version) => !isGrease(version) && version < 0x0400))),
    ja3: createHash("md5").update(text).digest("hex"),
  };
}

/** Version the server chose; null when no whole ServerHello is there. */
export function readServerVersion(content: Buffer): string | null {
  const hello = readHello(content, SERVER_HELLO);
  const session = hello && vector(hello, 34, 1);
  if (hello === null || session === null) return null;
  // Behind the session: cipher suite (2) and compression (1).
  const chosen = readExtensions(hello, session.end + 3)?.get(43);
  return versionName(chosen !== undefined && chosen.length >= 2 ? chosen.readUInt16BE(0) : hello.readUInt16BE(0));
}

const NOTHING = Buffer.alloc(0);

/** Body of the first handshake message when it is of the kind wanted; it may be spread over several records. */
function readHello(content: Buffer, kind: number): Buffer | null {
  if (!looksLikeTls(content) || content[5] !== kind) return null;
  const length = content.length >= 9 ? content.readUIntBE(6, 3) : MAX_HELLO_BYTES;
  if (length < 38 || length >= MAX_HELLO_BYTES) return null;
  const parts: Buffer[] = [];
  let collected = 0;
  for (let offset = 0; collected < length + 4; ) {
    const record = vector(content, offset + 3, 2);
    if (record === null || record.body.length === 0 || content[offset] !== HANDSHAKE_RECORD) return null;
    parts.push(record.body);
    collected += record.body.length;
    offset = record.end;
  }
  return Buffer.concat(parts).subarray(4, 4 + length);
}

/** Bytes behind a length of `width` bytes at `offset`; null when they are not all there. */
function vector(bytes: Buffer, offset: number, width: 1 | 2): { body: Buffer; end: number } | null {
  if (offset + width > bytes.length) return null;
  const length = width === 1 ? (bytes[offset] as number) : bytes.readUInt16BE(offset);
  const end = offset + width + length;
  return end > bytes.length ? null : { body: bytes.subarray(offset + width, end), end };
}

/** By type, in order; of a repeated type the first. A hello without extensions has none, which is no error. */
function readExtensions(hello: Buffer, offset: number): Map<number, Buffer> | null {
  const extensions = new Map<number, Buffer>();
  if (offset === hello.length) return extensions;
  const block = vector(hello, offset, 2);
  if (block === null) return null;
  for (let position = 0; position + 4 <= block.body.length; ) {
    const type = block.body.readUInt16BE(position);
    const extension = vector(block.body, position + 2, 2);
    if (extension === null) return null;
    if (!extensions.has(type)) extensions.set(type, extension.body);
    position = extension.end;
  }
  return extensions;
}

function readServerName(extension: Buffer): string {
  const list = vector(extension, 0, 2)?.body ?? NOTHING;
  const name = list[0] === 0 ? vector(list, 1, 2) : null;
  return name === null ? "" : toText(name.body, 255);
}

function readProtocols(extension: Buffer): string[] {
  const list = vector(extension, 0, 2)?.body ?? NOTHING;
  const protocols: string[] = [];
  for (let offset = 0; protocols.length < MAX_PROTOCOLS; ) {
    const protocol = vector(list, offset, 1);
    if (protocol === null) break;
    protocols.push(toText(protocol.body, 255));
    offset = protocol.end;
  }
  return protocols;
}

function numbers(bytes: Buffer, width: 1 | 2): number[] {
  const list: number[] = [];
  for (let offset = 0; offset + width <= bytes.length; offset += width) {
    list.push(width === 1 ? (bytes[offset] as number) : bytes.readUInt16BE(offset));
  }
  return list;
}

/** RFC 8701: values that mean nothing and differ from call to call. */
function isGrease(number: number): boolean {
  return (number & 0x0f0f) === 0x0a0a && number >> 8 === (number & 0xff);
}

function versionName(version: number): string {
  switch (version) {
    case 0x0300:
      return "SSLv3";
    case 0x0301:
      return "TLSv1.0";
    case 0x0302:
      return "TLSv1.1";
    case 0x0303:
      return "TLSv1.2";
    case 0x0304:
      return "TLSv1.3";
    default:
      return `0x${version.toString(16).padStart(4, "0")}`;
  }
}
