/** What a TLS ClientHello says in the clear (RFC 8446 4.1.2). Input is hostile: fields missing or cut stay empty. */
export interface ClientHello {
  readonly serverName: string;
  readonly alpn: readonly string[];
  /** Highest version offered, such as `1.3`. */
  readonly offeredVersion: string;
}

const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
const MAX_PROTOCOLS = 32;

/** Reads forward and never past the end: beyond it everything is empty or zero. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(size: 1 | 2 | 3): number {
    const bytes = this.bytes(size);
    return bytes.length === size ? bytes.readUIntBE(0, size) : 0;
  }

  bytes(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += taken.length;
    return taken;
  }

  /** What a length of `size` bytes stands in front of. */
  block(size: 1 | 2 | 3): Reader {
    return new Reader(this.bytes(this.number(size)));
  }
}

/** Null when the bytes don't begin a TLS record with a ClientHello. A hello cut by the end of the bytes is read so far. */
export function readClientHello(bytes: Buffer): ClientHello | null {
  if (!beginsClientHello(bytes)) return null;
  const hello = new Reader(bytes.subarray(6)).block(3);
  const legacy = hello.number(2);
  hello.bytes(32);
  hello.block(1);
  hello.block(2);
  hello.block(1);
  return readExtensions(hello.block(2), legacy);
}

export function beginsClientHello(bytes: Buffer): boolean {
  return bytes.length >= 6 && bytes[0] === 0x16 && bytes[1] === 3 && (bytes[2] ?? 9) <= 4 && bytes[5] === 1;
}

function readExtensions(extensions: Reader, legacy: number): ClientHello {
  let serverName = "";
  let alpn: string[] = [];
  let version = legacy;
  while (extensions.left >= 4) {
    const type = extensions.number(2);
    const body = extensions.block(2);
    if (type === SERVER_NAME) serverName = readServerName(body);
    else if (type === ALPN) alpn = readProtocols(body.block(2));
    else if (type === SUPPORTED_VERSIONS) version = readVersions(body.block(1), version);
  }
  return { serverName, alpn, offeredVersion: versionName(version) };
}

function readServerName(body: Reader): string {
  const list = body.block(2);
  while (list.left >= 3) {
    const type = list.number(1);
    const name = list.bytes(list.number(2));
    if (type === 0) return name.toString("latin1");
  }
  return "";
}

function readProtocols(list: Reader): string[] {
  const protocols: string[] = [];
  while (list.left >= 1 && protocols.length < MAX_PROTOCOLS)
    protocols.push(list.bytes(list.number(1)).toString("latin1"));
  return protocols;
}

/** Values with equal halves of the form 0x?a?a are noise on purpose (RFC 8701). */
function readVersions(list: Reader, least: number): number {
  let highest = least;
  while (list.left >= 2) {
    const version = list.number(2);
    if ((version & 0x0f0f) !== 0x0a0a && version > highest) highest = version;
  }
  return highest;
}

function versionName(version: number): string {
  if (version === 0x0300) return "ssl3";
  return version >> 8 === 3 ? `1.${(version & 0xff) - 1}` : `0x${version.toString(16)}`;
}
