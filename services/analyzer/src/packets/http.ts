import { blankLead } from "./blank-lead.ts";
import { toText } from "./hostile-text.ts";

/** HTTP/1 as it stands in a stream's bytes. Reads what is there; a head or body that is cut still yields its part. */

export interface HttpRequest {
  /** Of the request's first byte in the stream. */
  readonly offset: number;
  readonly method: string;
  readonly uri: string;
  readonly query: string;
  readonly host: string;
  readonly userAgent: string;
  readonly referrer: string;
  readonly cookie: string;
  readonly contentLength: number | null;
  readonly bodyHead: string;
  readonly bytes: number;
  /** Where the next request begins; beyond the content when the body's declared end is. */
  readonly end: number;
}

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_HEADERS = 200;
const MAX_TARGET_BYTES = 8192;
const MAX_VALUE_BYTES = 4096;
const BODY_HEAD_BYTES = 1024;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/;
const VERSION = /^HTTP\/1\.\d$/;
const STATUS_LINE = /^HTTP\/1\.\d (\d{3})(?: |$)/;
const NOTHING = Buffer.alloc(0);

/**
 * Requests one after another (keep-alive, pipelined), read as they are asked for, as a stream may hold thousands. Stops at
 * what is no request, such as the bytes after an upgrade.
 */
export function* readHttpRequests(content: Buffer): Generator<HttpRequest, void> {
  let offset = 0;
  while (offset < content.length) {
    offset += blankLead(content, offset);
    const head = readHead(content, offset);
    const line = head === null ? null : parseRequestLine(head.startLine);
    if (head === null || line === null) break;
    const body = readBody(content, head, 0);
    // Behind the head of CONNECT is the tunnel, whatever length it declares.
    const end = line.method === "CONNECT" ? head.bodyStart : body.end;
    yield {
      offset,
      method: line.method,
      uri: toText(line.target, MAX_TARGET_BYTES),
      query: toText(afterQuestionMark(line.target), MAX_TARGET_BYTES),
      host: value(head, "host") || authorityOf(line.target),
      userAgent: value(head, "user-agent"),
      referrer: value(head, "referer"),
      cookie: value(head, "cookie"),
      contentLength: declaredLength(head),
      bodyHead: toText(body.head, BODY_HEAD_BYTES),
      bytes: Math.min(end, content.length) - offset,
      end,
    };
    // After CONNECT the stream is another protocol's.
    if (line.method === "CONNECT" || !head.complete) break;
    offset = end;
  }
}

/** Final status of each request in order, as far as answers were seen. `methods` are the requests', since they decide about bodies. */
export function readHttpStatuses(content: Buffer, methods: readonly string[]): number[] {
  const statuses: number[] = [];
  let offset = 0;
  while (offset < content.length && statuses.length < methods.length) {
    const head = readHead(content, offset);
    const match = head === null ? null : STATUS_LINE.exec(head.startLine.toString("latin1"));
    if (head === null || match === null) break;
    const status = Number(match[1]);
    const isInterim = status >= 100 && status < 200 && status !== 101;
    const method = methods[statuses.length];
    if (!isInterim) statuses.push(status);
    if (status === 101 || (method === "CONNECT" && status < 300 && !isInterim)) break;
    const bodiless = isInterim || method === "HEAD" || status === 204 || status === 304;
    offset = bodiless ? head.bodyStart : readBody(content, head, Number.POSITIVE_INFINITY).end;
  }
  return statuses;
}

interface Head {
  readonly startLine: Buffer;
  /** First value of each name, names in lower case. */
  readonly fields: ReadonlyMap<string, Buffer>;
  readonly bodyStart: number;
  /** The blank line was seen. */
  readonly complete: boolean;
}

function readHead(content: Buffer, start: number): Head | null {
  const limit = Math.min(content.length, start + MAX_HEAD_BYTES);
  const fields = new Map<string, Buffer>();
  let startLine: Buffer | null = null;
  let offset = start;
  for (let lines = 0; lines <= MAX_HEADERS; lines++) {
    const end = content.subarray(0, limit).indexOf(0x0a, offset);
    if (end === -1) break;
    const line = content.subarray(offset, content[end - 1] === 0x0d && end > offset ? end - 1 : end);
    offset = end + 1;
    if (startLine === null) {
      startLine = line;
    } else if (line.length === 0) {
      return { startLine, fields, bodyStart: offset, complete: true };
    } else {
      addField(fields, line);
    }
  }
  return startLine === null ? null : { startLine, fields, bodyStart: offset, complete: false };
}

function addField(fields: Map<string, Buffer>, line: Buffer): void {
  const colon = line.indexOf(0x3a);
  if (colon < 1 || colon > 64) return;
  const name = line.toString("latin1", 0, colon).trim().toLowerCase();
  if (!fields.has(name)) fields.set(name, line.subarray(colon + 1));
}

function parseRequestLine(line: Buffer): { method: string; target: Buffer } | null {
  const first = line.indexOf(0x20);
  const last = line.lastIndexOf(0x20);
  if (first < 1 || last <= first + 1) return null;
  const method = line.toString("latin1", 0, Math.min(first, 40));
  if (!METHOD.test(method) || !VERSION.test(line.toString("latin1", last + 1, last + 16))) return null;
  return { method, target: line.subarray(first + 1, last) };
}

/** Where the body ends and its first bytes. `unknownLength` is what a body without a declared length has. */
function readBody(content: Buffer, head: Head, unknownLength: number): { end: number; head: Buffer } {
  if (head.fields.get("transfer-encoding")?.toString("latin1").toLowerCase().includes("chunked")) {
    return readChunks(content, head.bodyStart);
  }
  const end = head.bodyStart + (declaredLength(head) ?? unknownLength);
  const kept = Math.min(end, content.length, head.bodyStart + BODY_HEAD_BYTES);
  return { end, head: content.subarray(head.bodyStart, kept) };
}

function readChunks(content: Buffer, start: number): { end: number; head: Buffer } {
  let head = NOTHING;
  let offset = start;
  for (;;) {
    const lineEnd = content.subarray(0, offset + 256).indexOf(0x0a, offset);
    const size = lineEnd === -1 ? null : /^[0-9a-f]{1,8}/i.exec(content.toString("latin1", offset, lineEnd));
    if (size === null) return { end: content.length, head };
    const length = Number.parseInt(size[0], 16);
    offset = lineEnd + 1;
    if (length === 0) return { end: trailersEnd(content, offset), head };
    const chunk = content.subarray(offset, offset + Math.min(length, BODY_HEAD_BYTES));
    if (head.length < BODY_HEAD_BYTES) head = Buffer.concat([head, chunk]);
    offset += length;
    if (offset >= content.length) return { end: content.length, head };
    // The line end after the chunk's data.
    if (content[offset] === 0x0d) offset++;
    if (content[offset] === 0x0a) offset++;
  }
}

function trailersEnd(content: Buffer, start: number): number {
  let offset = start;
  for (let lines = 0; lines < MAX_HEADERS; lines++) {
    const end = content.indexOf(0x0a, offset);
    if (end === -1) return content.length;
    const isBlank = end === offset || (end === offset + 1 && content[offset] === 0x0d);
    offset = end + 1;
    if (isBlank) return offset;
  }
  return content.length;
}

function declaredLength(head: Head): number | null {
  const text = head.fields.get("content-length")?.toString("latin1").trim() ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function value(head: Head, name: string): string {
  const bytes = head.fields.get(name);
  return bytes === undefined ? "" : toText(bytes, MAX_VALUE_BYTES).trim();
}

function afterQuestionMark(target: Buffer): Buffer {
  const mark = target.indexOf(0x3f);
  return mark === -1 ? NOTHING : target.subarray(mark + 1);
}

function authorityOf(target: Buffer): string {
  const match = /^[a-z][a-z0-9+.-]{0,15}:\/\/([^/?#]{0,255})/i.exec(toText(target, 512));
  return match?.[1] ?? "";
}
