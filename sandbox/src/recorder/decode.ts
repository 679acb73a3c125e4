import { open } from "node:fs/promises";
import { Fault, type TraceRecord, toFault } from "@airlock/contracts";
import { MalformedRecord } from "./trace-fields.ts";
import {
  CHUNK,
  CHUNK_HEADER_BYTES,
  RECORD_MAX_BYTES,
  RING_BUSY,
  RING_DISCARD,
  RING_HEADER_BYTES,
  TRACE_HEADER_BYTES,
  TRACE_MAGIC,
  TRACE_VERSION,
} from "./trace-format.ts";
import { readRecord } from "./trace-record-reader.ts";

/** What of a trace could not be read: evidence that is lost, and has to be reported as such. */
export interface TraceDamage {
  /** Records that are there and make no sense. */
  malformed: number;
  /** The file ends before the tracer has ended it, or something in it that is no chunk hides the rest. */
  truncated: boolean;
}

export function createTraceDamage(): TraceDamage {
  return { malformed: 0, truncated: false };
}

const READ_BYTES = 1 << 20;
/** Records held back for order at most; beyond it batches are given out as they come. */
const HELD_MAX = 200_000;

/**
 * Reads a trace file in batches, ordered by time. Hostile or cut-off bytes never throw: what can't be read is told in
 * `damage`, which is complete once the reading is. Throws RUN_INVALID only when there is no trace file at that path.
 */
export async function* readTrace(
  path: string,
  damage: TraceDamage = createTraceDamage(),
): AsyncGenerator<TraceRecord[]> {
  const held = holdBack();
  const reader = await openReader(path);
  try {
    damage.truncated = true;
    if (!(await readHeader(reader))) return;
    for (;;) {
      const header = await reader.take(CHUNK_HEADER_BYTES);
      if (header === null) break;
      const type = header.readUInt32LE(0);
      const bytes = header.readUInt32LE(4);
      if (type === CHUNK.end && bytes === 0) {
        damage.truncated = false;
        break;
      } else if (type === CHUNK.records) {
        if (!(await readRecords(reader, bytes, held, damage))) break;
      } else if (type === CHUNK.tick && bytes === 8) {
        const tick = await reader.take(bytes);
        if (tick === null) break;
        yield* nonEmpty(held.release(tick.readBigUInt64LE(0)));
      } else break;
      if (held.size() > HELD_MAX) yield* nonEmpty(held.releaseAll());
    }
    yield* nonEmpty(held.releaseAll());
  } finally {
    await reader.close();
  }
}

function* nonEmpty(batch: TraceRecord[]): Generator<TraceRecord[]> {
  if (batch.length > 0) yield batch;
}

interface Reader {
  /** The next bytes, valid until the next call; null when the file ends before. */
  take(bytes: number): Promise<Buffer | null>;
  close(): Promise<void>;
}

async function openReader(path: string): Promise<Reader> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw toFault(error, "RUN_INVALID", "the trace can't be opened");
  });
  let buffer = Buffer.alloc(READ_BYTES);
  let begin = 0;
  let end = 0;
  /** Makes room for `bytes` in one piece and reads on. A take is bounded by its callers, so the buffer is too. */
  const fill = async (bytes: number): Promise<boolean> => {
    if (bytes > buffer.length) throw new Fault("INTERNAL", "a piece of a trace is larger than its reader");
    if (begin + bytes > buffer.length) {
      // A new buffer: batches that were given out may still point into the old one.
      const next = Buffer.alloc(READ_BYTES);
      buffer.copy(next, 0, begin, end);
      end -= begin;
      begin = 0;
      buffer = next;
    }
    while (end - begin < bytes) {
      const { bytesRead } = await file.read(buffer, end, buffer.length - end);
      if (bytesRead === 0) return false;
      end += bytesRead;
    }
    return true;
  };
  return {
    async take(bytes) {
      if (end - begin < bytes && !(await fill(bytes))) return null;
      begin += bytes;
      return buffer.subarray(begin - bytes, begin);
    },
    close: () => file.close(),
  };
}

async function readHeader(reader: Reader): Promise<boolean> {
  const header = await reader.take(TRACE_HEADER_BYTES);
  if (header === null) return false;
  return header.toString("latin1", 0, 8) === TRACE_MAGIC && header.readUInt32LE(8) === TRACE_VERSION;
}

/** A piece of a ring. False when the file ends in it or its lengths lead nowhere. */
async function readRecords(reader: Reader, bytes: number, held: HeldBack, damage: TraceDamage): Promise<boolean> {
  let left = bytes;
  while (left > 0) {
    const header = left < RING_HEADER_BYTES ? null : await reader.take(RING_HEADER_BYTES);
    if (header === null) return false;
    const word = header.readUInt32LE(0);
    const length = (word & ~(RING_BUSY | RING_DISCARD)) >>> 0;
    const padded = (length + 7) & ~7;
    left -= RING_HEADER_BYTES + padded;
    if (length > RECORD_MAX_BYTES || left < 0) return false;
    const content = await reader.take(padded);
    if (content === null) return false;
    if ((word & RING_DISCARD) === 0) keepRecord(content.subarray(0, length), held, damage);
  }
  return true;
}

function keepRecord(bytes: Buffer, held: HeldBack, damage: TraceDamage): void {
  try {
    held.add(readRecord(bytes));
  } catch (error) {
    if (!(error instanceof MalformedRecord)) throw error;
    damage.malformed++;
  }
}

interface HeldBack {
  add(record: TraceRecord): void;
  size(): number;
  /** All records of before `time`, in order. */
  release(time: bigint): TraceRecord[];
  releaseAll(): TraceRecord[];
}

/**
 * The two rings and the processors inside of each take turns, so records are near their order and not in it. The tracer's
 * ticks say up to when nothing more will come.
 */
function holdBack(): HeldBack {
  let records: TraceRecord[] = [];
  const releaseAll = (): TraceRecord[] => {
    const batch = records.toSorted(byTime);
    records = [];
    return batch;
  };
  return {
    add: (record) => void records.push(record),
    size: () => records.length,
    releaseAll,
    release(time) {
      const batch = releaseAll();
      const first = batch.findIndex((record) => record.time >= time);
      if (first !== -1) records = batch.splice(first);
      return batch;
    },
  };
}

function byTime(a: TraceRecord, b: TraceRecord): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0;
}
