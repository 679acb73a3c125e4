/** DNS wire format (RFC 1035), as much as a server needs that only ever answers. Input is hostile: null, never an exception. */

export const DNS_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  ANY: 255,
} as const;

const NAMES = new Map<number, string>([
  ...Object.entries(DNS_TYPES).map(([name, value]) => [value, name] as const),
  [10, "NULL"],
  [13, "HINFO"],
  [35, "NAPTR"],
  [43, "DS"],
  [48, "DNSKEY"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [252, "AXFR"],
  [257, "CAA"],
]);

const HEADER = 12;
const MAX_NAME = 255;
const MAX_POINTERS = 16;

export interface DnsQuery {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** Lower case, labels joined by dots; other bytes than printable ASCII, and dots and backslashes in labels, as `\ddd`. */
  readonly name: string;
  readonly type: number;
  /** The question as sent, to be given back byte for byte: some clients mix the case and compare. */
  readonly question: Buffer;
}

export type DnsRecord = { readonly type: number; readonly data: Buffer };

export function typeName(type: number): string {
  return NAMES.get(type) ?? `TYPE${type}`;
}

/** The first question of a query; null when the bytes are anything else. */
export function decodeQuery(message: Buffer): DnsQuery | null {
  if (message.length < HEADER + 5) return null;
  const flags = message.readUInt16BE(2);
  const isQuery = (flags & 0xf800) === 0;
  const counts = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  const [questions = 0, answers = 0, authorities = 0, additional = 0] = counts;
  if (!isQuery || questions !== 1 || answers > 0 || authorities > 1 || additional > 4) return null;
  const name = readName(message, HEADER);
  if (name === null || name.end + 4 > message.length) return null;
  const questionClass = message.readUInt16BE(name.end + 2) & 0x7fff;
  if (![1, 3, 4, 255].includes(questionClass)) return null;
  return {
    id: message.readUInt16BE(0),
    recursionDesired: (flags & 0x0100) !== 0,
    name: name.text,
    type: message.readUInt16BE(name.end),
    question: message.subarray(HEADER, name.end + 4),
  };
}

/** An authoritative, error-free answer. All records are about the name of the question. */
export function encodeAnswer(query: DnsQuery, records: readonly DnsRecord[]): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(0x8080 | (query.recursionDesired ? 0x0100 : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const answers = records.flatMap(({ type, data }) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc000 | HEADER, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt32BE(60, 6);
    head.writeUInt16BE(data.length, 10);
    return [head, data];
  });
  return Buffer.concat([header, query.question, ...answers]);
}

/** Wire form of a name in `decodeQuery`'s text form. Labels and the whole are cut to what the format allows. */
export function encodeName(text: string): Buffer {
  const parts: Buffer[] = [];
  let length = 1;
  for (const label of text.split(".")) {
    const bytes = Buffer.from(
      label.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code) & 0xff)),
      "latin1",
    ).subarray(0, 63);
    if (bytes.length === 0) continue;
    length += bytes.length + 1;
    if (length > MAX_NAME) break;
    parts.push(Buffer.from([bytes.length]), bytes);
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

/** Compression pointers must lead backwards and are few, so that a loop can't hold us. */
function readName(message: Buffer, start: number): { text: string; end: number } | null {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  let length = 0;
  let pointers = 0;
  for (;;) {
    const size = message[at];
    if (size === undefined) return null;
    if (size === 0) return { text: labels.join("."), end: end < 0 ? at + 1 : end };
    if (size >= 0xc0) {
      const low = message[at + 1];
      const target = low === undefined ? at : ((size & 0x3f) << 8) | low;
      if (target >= at || ++pointers > MAX_POINTERS) return null;
      if (end < 0) end = at + 2;
      at = target;
      continue;
    }
    length += size + 1;
    if (size > 63 || length > MAX_NAME || at + 1 + size > message.length) return null;
    labels.push(labelText(message.subarray(at + 1, at + 1 + size)));
    at += size + 1;
  }
}

function labelText(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .toLowerCase()
    .replace(/[^!-~]|[.\\]/g, (character) => `\\${character.charCodeAt(0).toString().padStart(3, "0")}`);
}
