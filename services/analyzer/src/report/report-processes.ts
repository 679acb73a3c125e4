import type { BehaviourEvent, ReportProcess } from "@airlock/contracts";
import { signalName } from "../extract/decode-tables/signals.ts";
import type { Extraction } from "../extract/extraction.ts";
import type { SampleProcess } from "../extract/process-table.ts";
import { cutList, type Omitted } from "./cut-list.ts";

const LONGEST_COMMAND = 4096;

/** The process tree in order of start. Parents that were cut are replaced by their nearest ancestor that was not. */
export function listProcesses(extraction: Extraction, bound: number, omitted: Omitted): ReportProcess[] {
  const all = new Map(extraction.processes.map((process) => [process.key, process]));
  const kept = cutList(chooseFirst(extraction.processes, bound), bound, "processes", omitted);
  const keys = new Set(kept.map((process) => process.key));
  const facts = collectFacts(extraction.events);
  const context = {
    ...facts,
    startedAt: runStart(extraction),
    bootToUnixNs: BigInt(extraction.recording.bootToUnixNs),
  };
  return kept.toSorted(byStart).map((process) => ({
    ...describeProcess(process, context),
    parent: nearestKept(process, all, keys),
  }));
}

interface Facts {
  readonly counts: ReadonlyMap<string, number>;
  readonly hashes: ReadonlyMap<string, Pick<ReportProcess, "sha256" | "contentChanged">>;
}

function collectFacts(events: readonly BehaviourEvent[]): Facts {
  const counts = new Map<string, number>();
  const hashes = new Map<string, Pick<ReportProcess, "sha256" | "contentChanged">>();
  for (const event of events) {
    if (event.process === null) continue;
    counts.set(event.process, (counts.get(event.process) ?? 0) + 1);
    if (event.category !== "process_creation") continue;
    // The last image is shown; a hash of an earlier one would be another file's.
    const { ImageContentChanged: contentChanged, Sha256: sha256 } = event.fields;
    if (sha256 === undefined) hashes.delete(event.process);
    else hashes.set(event.process, { sha256, ...(contentChanged === undefined ? {} : { contentChanged }) });
  }
  return { counts, hashes };
}

/** When there are too many, those that ran a program of their own come before mere forks. */
function chooseFirst(processes: readonly SampleProcess[], bound: number): readonly SampleProcess[] {
  if (processes.length <= bound) return processes;
  const ranSomething = (process: SampleProcess) => process.images.some((image) => image.exec !== null);
  return [...processes.filter(ranSomething), ...processes.filter((process) => !ranSomething(process))];
}

function describeProcess(
  process: SampleProcess,
  context: Facts & { readonly startedAt: bigint; readonly bootToUnixNs: bigint },
): Omit<ReportProcess, "parent"> {
  const image = process.images.at(-1);
  const sinceStart = (time: bigint) =>
    Math.round(Number(time + context.bootToUnixNs - context.startedAt) / 1000) / 1000;
  const bySignal = process.exit !== null && process.exit.signal !== 0;
  return {
    key: process.key,
    pid: process.pid,
    image: image?.path ?? "",
    origin: image?.origin ?? "unknown",
    commandLine: (image?.commandLine ?? process.comm).slice(0, LONGEST_COMMAND),
    user: process.user,
    startedAtMs: sinceStart(process.startedAt),
    endedAtMs: process.endedAt === null ? null : sinceStart(process.endedAt),
    exitCode: process.exit === null || bySignal ? null : process.exit.code,
    signal: process.exit !== null && bySignal ? signalName(process.exit.signal) : null,
    ...context.hashes.get(process.key),
    events: context.counts.get(process.key) ?? 0,
  };
}

function nearestKept(
  process: SampleProcess,
  all: ReadonlyMap<string, SampleProcess>,
  kept: ReadonlySet<string>,
): string | null {
  let parent = process.parent;
  for (let depth = 0; parent !== null && !kept.has(parent) && depth < all.size; depth += 1) {
    parent = all.get(parent)?.parent ?? null;
  }
  return parent !== null && kept.has(parent) ? parent : null;
}

/** The first process is where the sample's time begins; without one nothing is shown that would need it. */
function runStart(extraction: Extraction): bigint {
  const first = extraction.processes[0];
  return (first?.startedAt ?? 0n) + BigInt(extraction.recording.bootToUnixNs);
}

function byStart(a: SampleProcess, b: SampleProcess): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
