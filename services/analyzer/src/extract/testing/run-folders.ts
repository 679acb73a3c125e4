import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Recording, RUN_FILES, type SinkRecord, type TraceRecord } from "@airlock/contracts";
import { recording } from "./recordings.ts";

const SINK_BOOKS: SinkRecord = {
  kind: "account",
  time: "1",
  requests: 0,
  written: 0,
  unwritten: 0,
  refusedConnections: 0,
  droppedDatagrams: 0,
  cutFields: 0,
  failures: 0,
};

/** A run folder of which only the trace is missing; the caller removes it. */
export async function makeRunFolder(
  changes: Partial<Recording> = {},
  sink: readonly SinkRecord[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-run-"));
  await writeFile(join(folder, RUN_FILES.recording), JSON.stringify(recording(changes)));
  await writeFile(join(folder, RUN_FILES.capture), emptyCapture());
  const lines = [...sink, SINK_BOOKS].map((record) => `${JSON.stringify(record)}\n`);
  await writeFile(join(folder, RUN_FILES.sink), lines.join(""));
  return folder;
}

/** Header of a classic microsecond capture of Ethernet frames, and none of them. */
function emptyCapture(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

/** Stands in for the decoder of trace files: records in batches of `size`. */
export function traceOf(records: readonly TraceRecord[], size = 3) {
  return async function* read(): AsyncGenerator<readonly TraceRecord[]> {
    for (let from = 0; from < records.length; from += size) yield records.slice(from, from + size);
  };
}
