import { isIP } from "node:net";
import { type Answer, type DecodedPacket, decode } from "dns-packet";
import { toBoundedText } from "./hostile-text.ts";

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly answers: readonly string[];
  /** Answers that the message has and `answers` has not: beyond the bound, beyond the budget, or unreadable. */
  readonly answersDropped: boolean;
}

const HEADER_BYTES = 12;
const MAX_MESSAGE_BYTES = 16 * 1024;
const MAX_ANSWERS = 64;
const MAX_NAME_LENGTH = 1024;
const MAX_ANSWER_LENGTH = 1024;

/**
 * Whether bytes are a DNS query or answer, whatever port they came from: header bits, one question, a well-formed name.
 * Walks the question's labels itself, so it costs little on traffic that is something else.
 */
export function looksLikeDns(message: Buffer): boolean {
  if (message.length < HEADER_BYTES + 5) return false;
  const flags = message.readUInt16BE(2);
  const isStandardQuery = (flags & 0x7800) === 0 && (flags & 0x0040) === 0;
  if (!isStandardQuery || message.readUInt16BE(4) !== 1) return false;
  if ((flags & 0x8000) === 0) {
    const records = message.readUInt16BE(6) + message.readUInt16BE(8);
    if (records > 0 || message.readUInt16BE(10) > 2 || (flags & 0x000f) !== 0) return false;
  }
  const end = questionNameEnd(message);
  if (end === null || end + 4 > message.length) return false;
  const queryClass = message.readUInt16BE(end + 2) & 0x7fff;
  return message.readUInt16BE(end) !== 0 && [1, 3, 4, 254, 255].includes(queryClass);
}

/**
 * Reads one message; null when it is none. `work` is spent on bytes, and on names times possible pointers, since
 * following chains of compression pointers is what a hostile message can make expensive; when it is used up answers are left out, questions never.
 */
export function readDnsMessage(bytes: Buffer, work: { left: number }): DnsMessage | null {
  if (!looksLikeDns(bytes)) return null;
  // A copy, as only the question and a bounded number of answers are to be decoded.
  const message = Buffer.from(bytes.subarray(0, MAX_MESSAGE_BYTES));
  const declared = message.readUInt16BE(6);
  const cost = message.length + Math.min(declared, MAX_ANSWERS) * 2 * countPointers(message);
  const wanted = cost > work.left ? 0 : Math.min(declared, MAX_ANSWERS);
  work.left -= wanted === 0 ? 0 : cost;
  const packet = decodeBounded(message, wanted) ?? decodeBounded(message, 0);
  const question = packet?.questions?.[0];
  if (packet === null || question === undefined) return null;
  const answers = (packet.answers ?? []).filter(isWhole).map(formatAnswer);
  return {
    id: packet.id ?? 0,
    response: packet.flag_qr,
    name: toBoundedText(question.name, MAX_NAME_LENGTH),
    type: question.type,
    status: STATUS_NAMES[message.readUInt16BE(2) & 0x0f] ?? `RCODE_${message.readUInt16BE(2) & 0x0f}`,
    answers,
    answersDropped: answers.length < declared,
  };
}

/** Messages on a TCP stream, each behind its length; stops at the first that is none. */
export function splitDnsStream(content: Buffer): { offset: number; message: Buffer }[] {
  const messages: { offset: number; message: Buffer }[] = [];
  let offset = 0;
  while (offset + 2 <= content.length) {
    const end = offset + 2 + content.readUInt16BE(offset);
    const message = content.subarray(offset + 2, end);
    if (end > content.length || !looksLikeDns(message)) break;
    messages.push({ offset, message });
    offset = end;
  }
  return messages;
}

const STATUS_NAMES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET"];

function questionNameEnd(message: Buffer): number | null {
  let offset = HEADER_BYTES;
  while (offset < message.length && offset - HEADER_BYTES < 255) {
    const length = message[offset] as number;
    // A first question has nothing before it that a pointer could mean.
    if (length > 63) return null;
    offset += length + 1;
    if (length === 0) return offset;
  }
  return null;
}

/** dns-packet throws on many malformed messages, also with errors of its own making. */
function decodeBounded(message: Buffer, answers: number): DecodedPacket | null {
  message.writeUInt16BE(answers, 6);
  message.writeUInt32BE(0, 8);
  try {
    return decode(message);
  } catch {
    return null;
  }
}

function countPointers(message: Buffer): number {
  let count = 1;
  for (const byte of message) if (byte >= 0xc0) count++;
  return count;
}

/** dns-packet reads an address beyond the message's end as `192.undefined...`. */
function isWhole(answer: Answer): boolean {
  return (answer.type !== "A" && answer.type !== "AAAA") || isIP(answer.data) !== 0;
}

/** By the shape of what dns-packet makes of the data, since its types name more kinds than have a text of their own. */
function formatAnswer(answer: Answer): string {
  const data: unknown = "data" in answer ? answer.data : null;
  return toBoundedText(formatData(data), MAX_ANSWER_LENGTH) || answer.type;
}

function formatData(data: unknown): string {
  if (typeof data === "string") return data;
  // What the library does not decode.
  if (Buffer.isBuffer(data)) return data.toString("hex", 0, MAX_ANSWER_LENGTH / 2);
  // TXT: parts of one text.
  if (Array.isArray(data)) return Buffer.concat(data.filter((part) => Buffer.isBuffer(part))).toString("utf8");
  if (typeof data !== "object" || data === null) return "";
  // MX, SRV, SOA, CAA and others: their fields in the order of the record.
  const fields = Object.values(data).filter((value) => typeof value === "string" || typeof value === "number");
  return fields.join(" ");
}
