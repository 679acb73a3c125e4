import { join } from "node:path";
import { Fault, type Recording, RUN_FILES, type TraceRecord, toFault } from "@airlock/contracts";
import { buildCoverage, type TraceDamage, type TraceReading } from "../extract/coverage.ts";
import { createEventLog, type EventLog } from "../extract/event-log.ts";
import type { ExtractedFlow, Extraction } from "../extract/extraction.ts";
import type { EventContext } from "../extract/file-events.ts";
import { createFileOrigins } from "../extract/file-origin.ts";
import { addOutputEvents } from "../extract/output-events.ts";
import { buildProcessTable, noteLife, openLifeLog, type ProcessTable } from "../extract/process-table.ts";
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
  /** Decodes a trace file in batches and notes what it can't read; it is called twice. */
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
  const trace = openTrace(join(runFolder, RUN_FILES.trace), deps, limits.orderWindow);

  const { table, reading } = await readProcesses(trace, (exec) => origins.ofFile(exec.file));
  const context = { log: createEventLog(limits.events), table, origins };
  const calls = await readCalls(trace, context, recording);
  const network = await decodeCapture(join(runFolder, RUN_FILES.capture), {
    sampleAddresses: recording.sampleAddresses,
  });
  const joint = { log: context.log, table, bootToUnixNs: BigInt(recording.bootToUnixNs) };
  const traffic = addTrafficEvents(network, calls.ties(), joint);
  const sink = await readSinkLog(join(runFolder, RUN_FILES.sink));
  addSinkEvents(sink.records, traffic, joint);
  addOutput(recording, context.log);

  const events = { bound: limits.events, lost: context.log.lost() };
  return {
    recording,
    events: context.log.finish(joint.bootToUnixNs),
    processes: table.list(),
    flows: traffic.flows.map((joined) => describeFlow(joined, traffic)),
    coverage: buildCoverage(recording, { trace: reading, capture: network.account, sink: sink.reading, events }),
    collapsed: calls.collapsed(),
  };
}

type Trace = (damage: TraceDamage) => AsyncGenerator<readonly TraceRecord[]>;

function openTrace(path: string, deps: ExtractDeps, window: number): Trace {
  return async function* read(damage) {
    try {
      yield* inTimeOrder(deps.readTrace(path, damage), window);
    } catch (error) {
      throw toFault(error, "RUN_INVALID", "the trace can't be read");
    }
  };
}

/** First reading: who lived when. Later events ask for processes that were started after them, such as a pipe's reader. */
async function readProcesses(
  trace: Trace,
  originOf: Parameters<typeof buildProcessTable>[1],
): Promise<{ table: ProcessTable; reading: TraceReading }> {
  const lives = openLifeLog();
  const damage: TraceDamage = { malformed: 0, truncated: false };
  let records = 0;
  for await (const batch of trace(damage)) {
    records += batch.length;
    for (const record of batch) noteLife(lives, record);
  }
  return { table: buildProcessTable(lives, originOf), reading: { records, ...damage } };
}

/** Second reading: what they did. */
async function readCalls(trace: Trace, context: EventContext, recording: Recording): Promise<TraceEvents> {
  const calls = createTraceEvents(context, recording.plan.exposedPorts);
  for await (const batch of trace({ malformed: 0, truncated: false })) {
    for (const record of batch) calls.add(record);
  }
  calls.complete();
  return calls;
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
