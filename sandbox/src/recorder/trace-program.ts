import type { TraceProgram } from "@airlock/contracts";
import { PROGRAM_FIELD_BYTES, PROGRAM_STATES } from "./trace-format.ts";
import { MalformedRecord, type Span } from "./trace-span.ts";

const HASH_AT = 16;
const HEAD_AT = 48;

/** What the tracer read of an executed file. */
export function readProgram({ bytes, from, to }: Span): TraceProgram {
  if (to - from < PROGRAM_FIELD_BYTES) throw new MalformedRecord("program is cut off");
  const state = PROGRAM_STATES[bytes.readUInt8(from + 8)];
  const headEnd = from + HEAD_AT + bytes.readUInt8(from + 9);
  if (state === undefined || headEnd > to) throw new MalformedRecord("no such state of a program");
  const size = bytes.readBigUInt64LE(from);
  // A copy: a slice would keep the whole batch's bytes alive.
  const head = Uint8Array.prototype.slice.call(bytes, from + HEAD_AT, headEnd);
  if (state !== "copied" && state !== "hashed") return { state, size, head };
  return { state, size, sha256: bytes.toString("hex", from + HASH_AT, from + HEAD_AT), head };
}
