import { looksLikeDns } from "./dns.ts";

/** Shapes of the first bytes of protocols that are not text. Each is true only for bytes that are all there. */

export function isDnsStream(client: Buffer, server: Buffer): boolean {
  const first = client.length > 0 ? client : server;
  if (first.length < 14) return false;
  const length = first.readUInt16BE(0);
  return length >= 17 && first.length >= 2 + Math.min(length, 512) && looksLikeDns(first.subarray(2, 2 + length));
}

/** Version 5 and exactly as many methods as announced, or the request right behind them. */
export function isSocks5(client: Buffer, server: Buffer): boolean {
  const methods = client[1] ?? 0;
  if (client[0] !== 5 || methods < 1 || methods > 16 || client.length < 2 + methods) return false;
  const plausible = client.subarray(2, 2 + methods).every((method) => method < 10 || method === 0x80);
  const next = client[2 + methods];
  return plausible && (server.length === 0 || server[0] === 5) && (next === undefined || next === 5 || next === 1);
}

export function isSocks4(client: Buffer, server: Buffer): boolean {
  if (client[0] !== 4 || (client[1] !== 1 && client[1] !== 2) || client.length < 9) return false;
  const end = client.indexOf(0, 8);
  return end !== -1 && end < 264 && (server.length === 0 || server[0] === 0);
}

export function isBittorrent(client: Buffer): boolean {
  return client[0] === 19 && hasText(client, 1, "BitTorrent protocol");
}

export function isPostgres(client: Buffer): boolean {
  if (client.length < 8) return false;
  const length = client.readUInt32BE(0);
  const code = client.readUInt32BE(4);
  if (code >= 80_877_102 && code <= 80_877_104) return length === 8 || length === 16;
  return code === 0x0003_0000 && length >= 9 && length < 10_000;
}

/** The server speaks first: packet 0, protocol 10, then its version as text. */
export function isMysql(_client: Buffer, server: Buffer): boolean {
  const digit = server[5] ?? 0;
  return server.length > 8 && server[3] === 0 && server[4] === 10 && digit >= 0x30 && digit <= 0x39;
}

export function isMongo(client: Buffer): boolean {
  if (client.length < 16) return false;
  const operation = client.readUInt32LE(12);
  return client.readUInt32LE(0) >= 16 && client.readUInt32LE(8) === 0 && (operation === 2013 || operation === 2004);
}

export function isSmb(client: Buffer): boolean {
  return client[0] === 0 && (client[4] === 0xfe || client[4] === 0xff) && hasText(client, 5, "SMB");
}

export function isRdp(client: Buffer): boolean {
  return client.length >= 7 && client[0] === 3 && client[1] === 0 && client[5] === 0xe0;
}

/** BER: a sequence, its message id, then bind (0x60) or search (0x63). */
export function isLdap(client: Buffer): boolean {
  if (client[0] !== 0x30 || client.length < 7) return false;
  const start = berContentStart(client);
  const idLength = client[start + 1] ?? 0;
  const operation = client[start + 2 + idLength];
  return client[start] === 2 && idLength >= 1 && idLength <= 4 && (operation === 0x60 || operation === 0x63);
}

/** BER: a sequence that begins with a version number 0, 1 or 3 and goes on with a string (v1, v2c) or a sequence (v3). */
export function isSnmp(client: Buffer): boolean {
  if (client[0] !== 0x30 || client.length < 10) return false;
  const start = berContentStart(client);
  const version = client[start + 2] ?? 255;
  const next = client[start + 3];
  return client[start] === 2 && client[start + 1] === 1 && version <= 3 && (next === 0x04 || next === 0x30);
}

/** CONNECT, its length (1 to 4 bytes), then the protocol's name. */
export function isMqtt(client: Buffer): boolean {
  if (client[0] !== 0x10) return false;
  return [2, 3, 4, 5].some((offset) => hasText(client, offset + 2, "MQTT") || hasText(client, offset + 2, "MQIsdp"));
}

export function isTelnet(client: Buffer, server: Buffer): boolean {
  const negotiates = (bytes: Buffer) =>
    bytes[0] === 0xff && (bytes[1] ?? 0) >= 0xfb && (bytes[1] ?? 0) <= 0xfe && (bytes[2] ?? 0xff) < 60;
  return negotiates(client) || negotiates(server);
}

/** A long header of versions 1 and 2, of drafts, or of the reserved pattern that forces a negotiation. */
export function isQuic(client: Buffer): boolean {
  if (client.length < 1200 || ((client[0] as number) & 0xc0) !== 0xc0) return false;
  const version = client.readUInt32BE(1);
  const isDraft = version >>> 8 === 0xff0000;
  return version === 1 || version === 0x6b3343cf || isDraft || (version & 0x0f0f0f0f) === 0x0a0a0a0a;
}

/** Mode 3 (client) or 4 (server), version 3 or 4, a plain header with at most a key behind it. */
export function isNtp(client: Buffer): boolean {
  const first = client[0] ?? 0;
  const mode = first & 7;
  const version = (first >> 3) & 7;
  return (client.length === 48 || client.length === 68) && (mode === 3 || mode === 4) && version >= 3 && version <= 4;
}

export function isStun(client: Buffer): boolean {
  return client.length >= 20 && (client[0] as number) < 4 && client.readUInt32BE(4) === 0x2112a442;
}

export function isDhcp(client: Buffer): boolean {
  return client.length >= 240 && client.readUInt32BE(236) === 0x63825363;
}

/** BEP 15: a connect request's magic number. */
export function isBittorrentTracker(client: Buffer): boolean {
  return client.length >= 16 && client.readUInt32BE(0) === 0x417 && client.readUInt32BE(4) === 0x27101980;
}

export function isWireguard(client: Buffer): boolean {
  return client.length === 148 && client.readUInt32LE(0) === 1;
}

/** Read or write request: a file name, then one of three modes, both ended by a zero. */
export function isTftp(client: Buffer): boolean {
  if (client[0] !== 0 || (client[1] !== 1 && client[1] !== 2)) return false;
  const nameEnd = client.indexOf(0, 2);
  const modeEnd = nameEnd === -1 ? -1 : client.indexOf(0, nameEnd + 1);
  if (nameEnd < 3 || modeEnd === -1) return false;
  return ["octet", "netascii", "mail"].includes(client.toString("latin1", nameEnd + 1, modeEnd).toLowerCase());
}

/** Memcached over UDP: request id, sequence 0, one datagram, zeros, then a text command. */
export function isMemcachedDatagram(client: Buffer): boolean {
  if (client.length < 12 || client.readUIntBE(2, 6) !== 0x1_0000) return false;
  return /^(?:stats|get|gets|set|version)\b/.test(client.toString("latin1", 8, 16));
}

/** Where the content of a BER element begins: its length takes one byte, or says how many follow. */
function berContentStart(bytes: Buffer): number {
  const length = bytes[1] as number;
  return (length & 0x80) === 0 ? 2 : 2 + (length & 0x7f);
}

function hasText(bytes: Buffer, offset: number, text: string): boolean {
  return bytes.toString("latin1", offset, offset + text.length) === text;
}
