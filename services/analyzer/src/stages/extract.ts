import { join } from "node:path";
import { Fault, type Recording, RUN_FILES, type TraceRecord, toFault } from "@airlock/contracts";
import { buildCoverage, type TraceDamage, type TraceReading } from "../extract/coverage.ts";
import { createEventLog, type EventLog } from "../extract/event-log.ts";
import type { ExtractedFlow, Extraction } from "../extract/extraction.ts";
import { createFileOrigins } from "../extract/file-origin.ts";
import { addOutputEvents } from "../extract/output-events.ts";
import { createProcessTable } from "../extract/process-table.ts";
import { openRecordNotebook } from "../extract/record-notes.ts";
import { inTimeOrder } from "../extract/record-order.ts";
import { readRecording } from "../extract/recording-file.ts";
import { addSinkEvents } from "../extract/sink-events.ts";
import { readSinkLog } from "../extract/sink-log.ts";
import { createTraceEvents, type TraceEvents } from "../extract/trace-events.ts";
import { addTrafficEvents, type Traffic } from "../extract/traffic-events.ts";
import { decodeCapture } from "../packets/network-observations.ts";

export interface ExtractLimits {
  /** Events kept; beyond it the evidence is incomplete, and says so. */
  readonly events: number;
  /** Records sorted at a time, see `inTimeOrder`. */
  readonly orderWindow: number;
}

export const DEFAULT_EXTRACT_LIMITS: ExtractLimits = { events: 2_000_000, orderWindow: 65_536 };

export interface ExtractDeps {
  /** Decodes a trace file in batches and notes what it can't read. */
  readonly readTrace: (path: string, damage: TraceDamage) => AsyncIterable<readonly TraceRecord[]>;
  readonly limits?: Partial<ExtractLimits>;
}

/**
 * Turns a recorded run into ordered behaviour events: the same folder gives the same bytes. Rejects with RUN_INVALID or
 * CAPTURE_FAILED when the folder is not what a detonation leaves; anything odd inside the records is data, counted in `coverage`.
 */
export async function extract(runFolder: string, deps: ExtractDeps): Promise<Extraction> {
  const limits = { ...DEFAULT_EXTRACT_LIMITS, ...deps.limits };
  const recording = await readRecording(join(runFolder, RUN_FILES.recording));
  const origins = createFileOrigins(recording);
  const table = createProcessTable((exec) => origins.ofFile(exec.file));
  const log = createEventLog(limits.events);

  const calls = createTraceEvents({ log, table, origins }, recording.plan.exposedPorts);
  const reading = await readCalls(join(runFolder, RUN_FILES.trace), calls, { ...deps, window: limits.orderWindow });
  const network = await decodeCapture(join(runFolder, RUN_FILES.capture), {
    sampleAddresses: recording.sampleAddresses,
  });
  const joint = { log, table, bootToUnixNs: BigInt(recording.bootToUnixNs) };
  const traffic = addTrafficEvents(network, calls.ties(), joint);
  const sink = await readSinkLog(join(runFolder, RUN_FILES.sink));
  addSinkEvents(sink.records, traffic, joint);
  addOutput(recording, log);

  const events = { bound: limits.events, lost: log.lost() };
  const programs = calls.programs();
  return {
    recording,
    events: log.finish(joint.bootToUnixNs),
    processes: table.list(),
    flows: traffic.flows.map((joined) => describeFlow(joined, traffic)),
    coverage: buildCoverage(recording, {
      trace: reading,
      capture: network.account,
      sink: sink.reading,
      events,
      uncopiedPrograms: programs.uncopied,
    }),
    programs: programs.list,
    collapsed: calls.collapsed(),
  };
}

/** One reading, in order of time; what a record can't know yet is filled in at the end. */
async function readCalls(
  path: string,
  calls: TraceEvents,
  deps: ExtractDeps & { readonly window: number },
): Promise<TraceReading> {
  const damage: TraceDamage = { malformed: 0, truncated: false };
  let records = 0;
  const notebook = openRecordNotebook();
  for await (const batch of inTimeOrder(readBatches(path, damage, deps), deps.window)) {
    records += batch.length;
    for (const record of batch) {
      calls.add(record);
      notebook.note(record);
    }
  }
  calls.complete();
  return { records, ...notebook.notes(), ...damage };
}

/** Whatever the decoder throws is the folder's fault, unlike what our own handling of a record may throw. */
async function* readBatches(
  path: string,
  damage: TraceDamage,
  deps: ExtractDeps,
): AsyncGenerator<readonly TraceRecord[]> {
  try {
    yield* deps.readTrace(path, damage);
  } catch (error) {
    throw toFault(error, "RUN_INVALID", "the trace can't be read");
  }
}

function addOutput(recording: Recording, log: EventLog): void {
  const endedAt = Date.parse(recording.endedAt);
  if (Number.isNaN(endedAt)) throw new Fault("RUN_INVALID", "the recording names no end of the run");
  addOutputEvents(recording.output, log, BigInt(endedAt) * 1_000_000n - BigInt(recording.bootToUnixNs));
}

function describeFlow({ flow, process }: Traffic["flows"][number], traffic: Traffic): ExtractedFlow {
  const name = flow.initiatedBySample
    ? traffic.memory.hostnameOf(flow.destinationIp, flow.startTime, process)
    : undefined;
  return { flow, process, hostname: name ?? null };
}
