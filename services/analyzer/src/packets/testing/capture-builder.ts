/** Small builders of captures, from file header down to segments. Checksums stay zero: no reader of ours looks at them. */

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

export interface FileOptions {
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly bigEndian?: boolean;
}

export interface BuiltFrame {
  readonly data: Buffer;
  /** Microseconds. */
  readonly time?: number;
  readonly originalLength?: number;
}

/** A classic capture of these frames, a millisecond apart where they bear no time. */
export function buildCapture(frames: readonly (Buffer | BuiltFrame)[], options: FileOptions = {}): Buffer {
  const { linkType = 1, snapLength = 262_144, bigEndian = false } = options;
  const header = Buffer.alloc(24);
  const write32 = (buffer: Buffer, value: number, offset: number) =>
    bigEndian ? buffer.writeUInt32BE(value, offset) : buffer.writeUInt32LE(value, offset);
  const write16 = (value: number, offset: number) =>
    bigEndian ? header.writeUInt16BE(value, offset) : header.writeUInt16LE(value, offset);
  write32(header, 0xa1b2c3d4, 0);
  write16(2, 4);
  write16(4, 6);
  write32(header, snapLength, 16);
  write32(header, linkType, 20);
  const parts: Buffer[] = [header];
  for (const [index, entry] of frames.entries()) {
    const frame: BuiltFrame = Buffer.isBuffer(entry) ? { data: entry } : entry;
    const time = frame.time ?? START_TIME + index * 1000;
    const record = Buffer.alloc(16);
    write32(record, Math.floor(time / 1_000_000), 0);
    write32(record, time % 1_000_000, 4);
    write32(record, frame.data.length, 8);
    write32(record, frame.originalLength ?? frame.data.length, 12);
    parts.push(record, frame.data);
  }
  return Buffer.concat(parts);
}

/** Microseconds of the first frame without a time of its own. */
const START_TIME = 1_700_000_000_000_000;

export function buildEthernet(etherType: number, payload: Buffer, tags: readonly number[] = []): Buffer {
  const header = Buffer.alloc(14 + tags.length * 4);
  header.write("02000000000102000000000a", "hex");
  for (const [index, tag] of tags.entries()) {
    header.writeUInt16BE(0x8100, 12 + index * 4);
    header.writeUInt16BE(tag, 14 + index * 4);
  }
  header.writeUInt16BE(etherType, header.length - 2);
  return Buffer.concat([header, payload]);
}

export interface IpFields {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly payload: Buffer;
}

export interface FragmentFields {
  readonly identification: number;
  readonly offset: number;
  readonly more: boolean;
}

/** An IPv4 or IPv6 packet, by the form of its addresses. */
export function buildIp(fields: IpFields, fragment?: FragmentFields): Buffer {
  return fields.source.includes(":") ? buildIpv6(fields, fragment) : buildIpv4(fields, fragment);
}

function buildIpv4({ source, destination, protocol, payload }: IpFields, fragment?: FragmentFields): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(fragment?.identification ?? 0, 4);
  header.writeUInt16BE((fragment?.more ? 0x2000 : 0) | ((fragment?.offset ?? 0) / 8), 6);
  header[8] = 64;
  header[9] = protocol;
  header.set(source.split(".").map(Number), 12);
  header.set(destination.split(".").map(Number), 16);
  return Buffer.concat([header, payload]);
}

function buildIpv6({ source, destination, protocol, payload }: IpFields, fragment?: FragmentFields): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header[6] = fragment === undefined ? protocol : 44;
  header[7] = 64;
  header.set(parseIpv6(source), 8);
  header.set(parseIpv6(destination), 24);
  const extension = Buffer.alloc(fragment === undefined ? 0 : 8);
  if (fragment !== undefined) {
    extension[0] = protocol;
    extension.writeUInt16BE(fragment.offset | (fragment.more ? 1 : 0), 2);
    extension.writeUInt32BE(fragment.identification, 4);
  }
  header.writeUInt16BE(extension.length + payload.length, 4);
  return Buffer.concat([header, extension, payload]);
}

function parseIpv6(text: string): Buffer {
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join(""), "hex");
}

export interface SegmentFields {
  readonly sequence: number;
  /** Letters of S, A, F, R, P. */
  readonly flags: string;
  readonly payload?: Buffer | string;
}

const FLAG_BITS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 };

/** A TCP segment in its packet and frame. */
export function buildTcp(from: Endpoint, to: Endpoint, { sequence, flags, payload = "" }: SegmentFields): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt32BE(sequence >>> 0, 4);
  header[12] = 0x50;
  header[13] = flags.split("").reduce((bits, letter) => bits | (FLAG_BITS[letter] ?? 0), 0);
  const segment = Buffer.concat([header, typeof payload === "string" ? Buffer.from(payload, "latin1") : payload]);
  return buildFrame({ source: from.ip, destination: to.ip, protocol: 6, payload: segment });
}

export function buildUdp(from: Endpoint, to: Endpoint, payload: Buffer): Buffer {
  const datagram = buildUdpDatagram(from, to, payload);
  return buildFrame({ source: from.ip, destination: to.ip, protocol: 17, payload: datagram });
}

/** Header and payload alone, to be cut into fragments. */
export function buildUdpDatagram(from: Endpoint, to: Endpoint, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

export function buildFrame(fields: IpFields, fragment?: FragmentFields): Buffer {
  return buildEthernet(fields.source.includes(":") ? 0x86dd : 0x0800, buildIp(fields, fragment));
}

export interface Turn {
  readonly by: "client" | "server";
  readonly bytes: Buffer | string;
}

/** A whole connection: handshake, each turn in segments of at most 1400 bytes, and the end from both sides. */
export function buildConnection(client: Endpoint, server: Endpoint, turns: readonly Turn[]): Buffer[] {
  const next = { client: 1_000_001, server: 4_294_967_000 };
  const frames = [
    buildTcp(client, server, { sequence: next.client - 1, flags: "S" }),
    buildTcp(server, client, { sequence: next.server - 1, flags: "SA" }),
    buildTcp(client, server, { sequence: next.client, flags: "A" }),
  ];
  const send = (by: "client" | "server", flags: string, payload: Buffer) => {
    const [from, to] = by === "client" ? [client, server] : [server, client];
    frames.push(buildTcp(from, to, { sequence: next[by], flags, payload }));
    next[by] += payload.length;
  };
  for (const { by, bytes } of turns) {
    const all = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    for (let offset = 0; offset < all.length; offset += 1400) send(by, "PA", all.subarray(offset, offset + 1400));
  }
  send("client", "FA", Buffer.alloc(0));
  send("server", "FA", Buffer.alloc(0));
  return frames;
}
