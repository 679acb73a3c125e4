import { execFile } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BehaviourEvent, RUN_FILES } from "@airlock/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type EventSelection, readEvents, writeEvents } from "./events-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-events-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function output(number: number, Message = `line ${number}`): BehaviourEvent {
  const base = { id: `e${number}`, time: String(1_000 + number), process: null };
  return { ...base, category: "output", fields: { Stream: "stdout", Message } };
}

async function readAll(selection?: EventSelection): Promise<BehaviourEvent[]> {
  const events: BehaviourEvent[] = [];
  for await (const batch of readEvents(folder, selection)) events.push(...batch);
  return events;
}

const many = Array.from({ length: 40 }, (_, number) => output(number, `${number} `.repeat(20_000)));
const removal: BehaviourEvent = {
  id: "e40",
  time: "2000",
  process: "1:2",
  category: "file_delete",
  fields: { TargetFilename: "/tmp/\u{1f600}\r\n\u2028", Result: "ok" },
};

describe("events of a run", () => {
  test("come back as they were, from several blocks", async () => {
    const index = await writeEvents(folder, [...many, removal]);
    expect(index.blocks.length).toBeGreaterThan(2);
    expect(index.events).toBe(41);
    expect(await readAll()).toEqual([...many, removal]);
  });

  test("are the same bytes every time, and plain zcat reads them", async () => {
    await writeEvents(folder, [...many, removal]);
    const first = await readFile(join(folder, RUN_FILES.events));
    await writeEvents(folder, [...many, removal]);
    expect((await readFile(join(folder, RUN_FILES.events))).equals(first)).toBe(true);
    const { stdout } = await promisify(execFile)("zcat", [join(folder, RUN_FILES.events)], { maxBuffer: 1e8 });
    expect(stdout.trim().split("\n")).toHaveLength(41);
  });

  test("can be none", async () => {
    await writeEvents(folder, []);
    expect(await readAll()).toEqual([]);
  });

  test("are selected by time and category", async () => {
    await writeEvents(folder, [...many, removal]);
    expect(await readAll({ categories: ["file_delete"] })).toEqual([removal]);
    expect(await readAll({ from: 1_005n, to: 1_006n })).toEqual([many[5], many[6]]);
  });
});

describe("a damaged run is refused", () => {
  test.each([
    ["cut", () => truncate(join(folder, RUN_FILES.events), 100)],
    ["longer than its index", () => appendFile(join(folder, RUN_FILES.events), "x")],
    ["overwritten", async () => writeFile(join(folder, RUN_FILES.events), Buffer.alloc((await eventsBytes()).length))],
    ["without index", () => rm(join(folder, RUN_FILES.eventsIndex))],
    ["without events", () => rm(join(folder, RUN_FILES.events))],
    ["with an index of another kind", () => writeFile(join(folder, RUN_FILES.eventsIndex), '{"schemaVersion":2}')],
  ])("%s", async (_, damage) => {
    await writeEvents(folder, many);
    await damage();
    await expect(readAll()).rejects.toMatchObject({ code: "RUN_INVALID" });
  });

  test("with an event that is none", async () => {
    await writeEvents(folder, [{ ...output(1), category: "unheard_of" } as unknown as BehaviourEvent]);
    await expect(readAll()).rejects.toMatchObject({ code: "RUN_INVALID" });
  });
});

function eventsBytes(): Promise<Buffer> {
  return readFile(join(folder, RUN_FILES.events));
}
