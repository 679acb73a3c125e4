import type { TraceRecord } from "@airlock/contracts";
import { type ByteWindow, openByteWindow } from "./byte-window.ts";
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
import { createRecordReader, type RecordReader } from "./trace-record-reader.ts";
import { MalformedRecord } from "./trace-span.ts";

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

const WINDOW_BYTES = 1 << 20;
/** Records held back for order at most; beyond it batches are given out as they come. */
const HELD_MAX = 200_000;

/**
 * Reads a trace file in batches, ordered by time; `kinds`: of these only, which is a matter of reading the file. Hostile or cut-off bytes never throw: what can't be read is told in
 * `damage`, which is complete once the reading is. Throws RUN_INVALID only when there is no trace file at that path.
 */
export async function* readTrace(
  path: string,
  damage: TraceDamage = createTraceDamage(),
  kinds?: ReadonlySet<number>,
): AsyncGenerator<TraceRecord[]> {
  const held = holdBack();
  const window = await openByteWindow(path, WINDOW_BYTES);
  const keep = keepRecords(held, damage, kinds);
  try {
    damage.truncated = true;
    if (!(await readHeader(window))) return;
    for (;;) {
      const chunk = await readChunkHeader(window);
      if (chunk === null) break;
      if (chunk.type === CHUNK.end && chunk.bytes === 0) {
        damage.truncated = false;
        break;
      }
      if (chunk.type === CHUNK.records) {
        if (!(await readRecords(window, chunk.bytes, keep))) break;
      } else if (chunk.type === CHUNK.tick && chunk.bytes === 8 && (await has(window, 8))) {
        yield* nonEmpty(held.release(window.bytes.readBigUInt64LE(window.at)));
        window.at += 8;
      } else break;
      if (held.size() > HELD_MAX) yield* nonEmpty(held.releaseAll());
    }
    yield* nonEmpty(held.releaseAll());
  } finally {
    await window.close();
  }
}

function* nonEmpty(batch: TraceRecord[]): Generator<TraceRecord[]> {
  if (batch.length > 0) yield batch;
}

async function has(window: ByteWindow, count: number): Promise<boolean> {
  return window.holds(count) || (await window.fill(count));
}

async function readHeader(window: ByteWindow): Promise<boolean> {
  if (!(await has(window, TRACE_HEADER_BYTES))) return false;
  const { bytes, at } = window;
  window.at += TRACE_HEADER_BYTES;
  return bytes.toString("latin1", at, at + 8) === TRACE_MAGIC && bytes.readUInt32LE(at + 8) === TRACE_VERSION;
}

async function readChunkHeader(window: ByteWindow): Promise<{ type: number; bytes: number } | null> {
  if (!(await has(window, CHUNK_HEADER_BYTES))) return null;
  const header = { type: window.bytes.readUInt32LE(window.at), bytes: window.bytes.readUInt32LE(window.at + 4) };
  window.at += CHUNK_HEADER_BYTES;
  return header;
}

type Keep = (bytes: Buffer, from: number, to: number) => void;

/** A piece of a ring. False when the file ends in it or its lengths lead nowhere. */
async function readRecords(window: ByteWindow, bytes: number, keep: Keep): Promise<boolean> {
  let left = bytes;
  while (left > 0) {
    if (left < RING_HEADER_BYTES) return false;
    if (!window.holds(RING_HEADER_BYTES) && !(await window.fill(RING_HEADER_BYTES))) return false;
    const word = window.bytes.readUInt32LE(window.at);
    const length = (word & ~(RING_BUSY | RING_DISCARD)) >>> 0;
    const total = RING_HEADER_BYTES + ((length + 7) & ~7);
    left -= total;
    if (length > RECORD_MAX_BYTES || left < 0) return false;
    if (!window.holds(total) && !(await window.fill(total))) return false;
    const from = window.at + RING_HEADER_BYTES;
    if ((word & RING_DISCARD) === 0) keep(window.bytes, from, from + length);
    window.at += total;
  }
  return true;
}

function keepRecords(held: HeldBack, damage: TraceDamage, kinds: ReadonlySet<number> | undefined): Keep {
  const reader: RecordReader = createRecordReader();
  return (bytes, from, to) => {
    if (kinds !== undefined && (to - from < 2 || !kinds.has(bytes.readUInt16LE(from)))) return;
    try {
      held.add(reader.read(bytes, from, to));
    } catch (error) {
      if (!(error instanceof MalformedRecord)) throw error;
      damage.malformed++;
    }
  };
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
