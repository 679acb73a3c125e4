import { type FileHandle, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { BehaviourEvent, type EventCategory, Fault, RUN_FILES } from "@airlock/contracts";
import { z } from "zod";

const gzip = promisify(zlib.gzip);
const gunzip = promisify(zlib.gunzip);

const count = z.number().int().nonnegative();
const time = z.string().regex(/^\d{1,20}$/);

/** Uncompressed size at which a block is closed, and the most that reading one may give: a gzip bomb is cut there. */
const BLOCK_CHARACTERS = 1024 * 1024;
const LARGEST_BLOCK = 64 * 1024 * 1024;

/**
 * What is where in `events.ndjson.gz`. The file is a row of gzip members, one a block, so that `zcat` reads the whole and a
 * reader that wants an hour or a category of it reads just the blocks that hold some.
 */
const EventsIndex = z.strictObject({
  schemaVersion: z.literal(1),
  events: count,
  blocks: z.array(
    z.strictObject({
      offset: count,
      bytes: count.max(LARGEST_BLOCK),
      events: count,
      /** Times of the first and last event. */
      from: time,
      to: time,
      /** Events by category. */
      categories: z.record(z.string(), count),
    }),
  ),
});
export type EventsIndex = z.infer<typeof EventsIndex>;

export interface EventSelection {
  /** All when absent. */
  readonly categories?: readonly EventCategory[];
  /** Unix nanoseconds, both included. */
  readonly from?: bigint;
  readonly to?: bigint;
}

/** Writes the events of a run and their index. The same events give the same bytes. */
export async function writeEvents(runFolder: string, events: Iterable<BehaviourEvent>): Promise<EventsIndex> {
  const index: EventsIndex = { schemaVersion: 1, events: 0, blocks: [] };
  const file = await open(join(runFolder, RUN_FILES.events), "w");
  try {
    let offset = 0;
    for (const block of splitBlocks(events)) {
      const packed = await gzip(block.text);
      await file.write(packed);
      index.blocks.push({ offset, bytes: packed.length, ...summarise(block.events) });
      index.events += block.events.length;
      offset += packed.length;
    }
  } finally {
    await file.close();
  }
  await writeFile(join(runFolder, RUN_FILES.eventsIndex), `${JSON.stringify(index)}\n`);
  return index;
}

/**
 * Reads the stored events of a run in batches, in order, each checked against the schema. Rejects with the fault RUN_INVALID
 * when file or index is missing, cut, or holds anything that is no event: a stored run may come from anywhere.
 */
export async function* readEvents(
  runFolder: string,
  selection: EventSelection = {},
): AsyncGenerator<readonly BehaviourEvent[]> {
  const index = await readEventsIndex(runFolder);
  const file = await openEvents(runFolder);
  try {
    await checkExtent(file, index);
    for (const block of index.blocks) {
      if (!mayHold(block, selection)) continue;
      const events = await readBlock(file, block);
      yield events.filter((event) => isSelected(event, selection));
    }
  } finally {
    await file.close();
  }
}

export async function readEventsIndex(runFolder: string): Promise<EventsIndex> {
  try {
    return EventsIndex.parse(JSON.parse(await readFile(join(runFolder, RUN_FILES.eventsIndex), "utf8")));
  } catch (cause) {
    throw invalid("the run folder holds no valid index of its events", cause);
  }
}

interface Block {
  readonly events: readonly BehaviourEvent[];
  readonly text: string;
}

function* splitBlocks(events: Iterable<BehaviourEvent>): Generator<Block> {
  let held: BehaviourEvent[] = [];
  let lines: string[] = [];
  let characters = 0;
  for (const event of events) {
    const line = `${JSON.stringify(event)}\n`;
    held.push(event);
    lines.push(line);
    characters += line.length;
    if (characters < BLOCK_CHARACTERS) continue;
    yield { events: held, text: lines.join("") };
    [held, lines, characters] = [[], [], 0];
  }
  if (held.length > 0) yield { events: held, text: lines.join("") };
}

function summarise(events: readonly BehaviourEvent[]): Omit<EventsIndex["blocks"][number], "offset" | "bytes"> {
  const categories: Record<string, number> = {};
  for (const { category } of events) categories[category] = (categories[category] ?? 0) + 1;
  const [first, last] = [events[0], events.at(-1)];
  return { events: events.length, from: first?.time ?? "0", to: last?.time ?? "0", categories };
}

async function openEvents(runFolder: string): Promise<FileHandle> {
  try {
    return await open(join(runFolder, RUN_FILES.events), "r");
  } catch (cause) {
    throw invalid("the run folder holds no events", cause);
  }
}

/** What lies behind or between the blocks would be evidence that nobody reads. */
async function checkExtent(file: FileHandle, index: EventsIndex): Promise<void> {
  let offset = 0;
  for (const block of index.blocks) {
    if (block.offset !== offset) throw invalid("the index of the events has holes");
    offset += block.bytes;
  }
  const { size } = await file.stat();
  if (size !== offset) throw invalid(`the events are ${size} bytes long, by their index ${offset}`);
}

async function readBlock(file: FileHandle, block: EventsIndex["blocks"][number]): Promise<BehaviourEvent[]> {
  try {
    const packed = Buffer.alloc(block.bytes);
    const { bytesRead } = await file.read(packed, 0, block.bytes, block.offset);
    if (bytesRead !== block.bytes) throw new Error("shorter than its index says");
    const text = (await gunzip(packed, { maxOutputLength: LARGEST_BLOCK })).toString("utf8");
    const lines = text.split("\n").filter((line) => line !== "");
    if (lines.length !== block.events) throw new Error(`${lines.length} events, by the index ${block.events}`);
    return lines.map((line) => BehaviourEvent.parse(JSON.parse(line)));
  } catch (cause) {
    throw invalid(`the block of events at ${block.offset} is damaged`, cause);
  }
}

function mayHold(block: EventsIndex["blocks"][number], { categories, from, to }: EventSelection): boolean {
  if (from !== undefined && BigInt(block.to) < from) return false;
  if (to !== undefined && BigInt(block.from) > to) return false;
  return categories === undefined || categories.some((category) => (block.categories[category] ?? 0) > 0);
}

function isSelected(event: BehaviourEvent, { categories, from, to }: EventSelection): boolean {
  if (categories !== undefined && !categories.includes(event.category)) return false;
  const at = BigInt(event.time);
  return (from === undefined || at >= from) && (to === undefined || at <= to);
}

function invalid(message: string, cause?: unknown): Fault {
  return new Fault("RUN_INVALID", message, cause === undefined ? {} : { cause });
}
