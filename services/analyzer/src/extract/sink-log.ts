import { createReadStream } from "node:fs";
import { SinkRecord } from "@airlock/contracts";
import type { SinkReading } from "./coverage.ts";
import { readLines } from "./line-stream.ts";

/** The sinkhole bounds its fields, so that no line of its own comes near this. */
const LONGEST_LINE = 1024 * 1024;

export interface SinkLog {
  readonly records: readonly SinkRecord[];
  readonly reading: SinkReading;
}

/** Reads `sink.ndjson`. What is no record is counted, and a log without its closing books is incomplete; neither is an error. */
export async function readSinkLog(path: string): Promise<SinkLog> {
  const records: SinkRecord[] = [];
  let malformed = 0;
  try {
    for await (const line of readLines(createReadStream(path), LONGEST_LINE)) {
      const record = parseLine(line);
      if (record === null) malformed += 1;
      else records.push(record);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return { records, reading: { records: records.length, malformed, incomplete: !isWhole(records) } };
}

function parseLine(text: string): SinkRecord | null {
  try {
    return SinkRecord.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function isWhole(records: readonly SinkRecord[]): boolean {
  const books = records.at(-1);
  return books?.kind === "account" && books.unwritten === 0 && books.droppedDatagrams === 0 && books.failures === 0;
}
