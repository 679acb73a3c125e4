import { beginsClientHello } from "./client-hello.ts";
import { decodeQuery } from "./dns-message.ts";

/** Protocols told by what the client says first. */
export type Application =
  | "http"
  | "http2"
  | "tls"
  | "dns"
  | "ssh"
  | "stratum"
  | "irc"
  | "redis"
  | "smtp"
  | "socks4"
  | "socks5"
  | "smb"
  | "rdp"
  | "bittorrent"
  | "unknown";

const HTTP = /^[A-Z]{3,16} [^\r\n]+ HTTP\/\d/;
const HTTP_METHOD =
  /^(GET|POST|HEAD|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE|PROPFIND|MKCOL|REPORT|SEARCH|NOTIFY|SUBSCRIBE|M-SEARCH) \S/;
const HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const IRC = /^(CAP (LS|REQ|END)|NICK \S|USER \S+ \S+ \S+ :?\S|PASS \S+\r?\n(NICK|USER|CAP))/i;
const JSON_RPC = /^\s*\{[\s\S]{0,2000}"(method|jsonrpc)"\s*:/;

/**
 * The protocol, `null` when more bytes may tell, whatever the port. Bytes are hostile; at most the first 2 KiB behind
 * leading blanks are looked at.
 */
export function recognise(bytes: Buffer): Application | null {
  if (isBlank(bytes)) return null;
  if (bytes[0] === 0x16 && bytes[1] === 3) return bytes.length < 6 ? null : binary(bytes);
  const said = skipBlanks(bytes);
  const text = said.subarray(0, 2048).toString("latin1");
  return binary(bytes) ?? lines(text) ?? waitFor(said, text);
}

/**
 * Bytes without the blanks (CR, LF, SP, TAB) before a text: servers pass over empty lines before a request (RFC 9112 2.2), so
 * a client may send any number. Before binary data they stay, being a length or a mark there.
 */
export function skipBlanks(bytes: Buffer): Buffer {
  const start = blankLength(bytes);
  const next = bytes[start] ?? 0;
  return next > 0x20 && next < 0x7f ? bytes.subarray(start) : bytes;
}

/** Nothing was said yet. */
export function isBlank(bytes: Buffer): boolean {
  return blankLength(bytes) === bytes.length;
}

function blankLength(bytes: Buffer): number {
  let length = 0;
  while ([0x0d, 0x0a, 0x20, 0x09].includes(bytes[length] ?? 0)) length++;
  return length;
}

function binary(bytes: Buffer): Application | null {
  if (beginsClientHello(bytes)) return "tls";
  if (beginsDnsStream(bytes)) return "dns";
  if (bytes[0] === 5 && bytes.length >= 3 && bytes.length === 2 + (bytes[1] ?? 0)) return "socks5";
  if (bytes[0] === 4 && bytes[1] === 1 && bytes.length >= 9 && bytes.at(-1) === 0) return "socks4";
  if (bytes.length >= 8 && bytes.toString("latin1", 5, 8) === "SMB") return "smb";
  if (bytes[0] === 3 && bytes[1] === 0 && bytes.length >= 7 && bytes[5] === 0xe0) return "rdp";
  if (bytes.toString("latin1", 0, 20) === "\x13BitTorrent protocol") return "bittorrent";
  return null;
}

function lines(text: string): Application | null {
  if (text.startsWith("SSH-")) return "ssh";
  if (text.startsWith(HTTP2)) return "http2";
  if (HTTP2.startsWith(text)) return null;
  if (HTTP_METHOD.test(text) || HTTP.test(text)) return "http";
  if (/^(EHLO|HELO) /i.test(text)) return "smtp";
  if (IRC.test(text)) return "irc";
  if (/^(\*\d+\r\n\$\d+\r\n|PING\r?\n|INFO\r?\n)/i.test(text)) return "redis";
  if (JSON_RPC.test(text)) return "stratum";
  return null;
}

/** Short or unfinished beginnings may become anything above; whole lines and binary data won't. */
function waitFor(bytes: Buffer, text: string): Application | null {
  const isText = /^[\t\r\n -~]*$/.test(text);
  if (isText && bytes.length < 2048 && (!text.includes("\n") || /^\s*\{/.test(text) || HTTP2.startsWith(text)))
    return null;
  if (isText && /^PASS \S+\r?\n$/i.test(text)) return null;
  if (expectsDnsStream(bytes)) return null;
  return bytes.length < 3 ? null : "unknown";
}

function beginsDnsStream(bytes: Buffer): boolean {
  if (bytes.length < 19) return false;
  const length = bytes.readUInt16BE(0);
  return length >= 17 && bytes.length >= 2 + length && decodeQuery(bytes.subarray(2, 2 + length)) !== null;
}

/** A length that fits a query, and a header of one so far as it is there. */
function expectsDnsStream(bytes: Buffer): boolean {
  if (bytes.length < 2) return true;
  const length = bytes.readUInt16BE(0);
  const plausible = length >= 17 && length <= 1024 && bytes.length < 2 + length;
  return (
    plausible &&
    (bytes.length < 5 || ((bytes[4] ?? 0) & 0xf8) === 0) &&
    (bytes.length < 8 || bytes.readUInt16BE(6) === 1)
  );
}
