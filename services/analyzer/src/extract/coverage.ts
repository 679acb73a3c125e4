import type { Coverage, LimitHit, LossAccount, Recording } from "@airlock/contracts";
import type { DecodeAccount } from "../packets/network-observations.ts";
import type { RecordNotes } from "./record-notes.ts";

/** What reading the record showed, beside what the recorders said themselves. */
export interface ReadingAccount {
  readonly trace: TraceReading;
  readonly capture: Readonly<DecodeAccount>;
  readonly sink: SinkReading;
  readonly events: { readonly bound: number; readonly lost: number };
  /** Programs that ran, are not in the image, and of which there is no copy. */
  readonly uncopiedPrograms: number;
}

/** Kept by the decoder while it reads. */
export interface TraceDamage {
  /** Records that could not be decoded. */
  malformed: number;
  /** The file ends before the tracer closed it. */
  truncated: boolean;
}

export interface TraceReading extends Readonly<TraceDamage>, RecordNotes {
  readonly records: number;
}

export interface SinkReading {
  readonly records: number;
  /** Lines that are no records. */
  readonly malformed: number;
  /** By the sinkhole's own closing books, or because those are missing. */
  readonly incomplete: boolean;
}

/** Puts the books of all sensors together with what was found when their records were read. Nothing is rounded away. */
export function buildCoverage(recording: Recording, reading: ReadingAccount): Coverage {
  const classes = collectClasses(recording, reading);
  return {
    sensors: recording.sensors,
    ...sumAccounts(Object.values(classes)),
    classes,
    truncated: collectTruncated(recording, reading),
    limits: [
      ...recording.limits,
      ...eventLimit(reading.events),
      ...programLimit(recording, reading.uncopiedPrograms),
      ...sizeLimit(reading.trace),
      ...spaceLimits(recording, reading.trace),
    ],
    entrypoints: [
      {
        id: recording.plan.entrypoint.id,
        argv: recording.plan.entrypoint.argv,
        exercised: recording.trace.started && recording.outcome.kind !== "never-started",
      },
      ...listHealthcheck(recording.image.config.healthcheck),
    ],
    frozenMs: recording.trace.frozenMs,
  };
}

/** An engine runs it in production, and here it is switched off (`docker/hardening.ts` in sandbox): a second way in. */
function listHealthcheck([kind, ...argv]: readonly string[]): Coverage["entrypoints"] {
  if (kind === undefined || kind === "NONE") return [];
  const shell = kind === "CMD-SHELL" ? ["/bin/sh", "-c"] : [];
  return [{ id: "healthcheck", argv: [...shell, ...argv], exercised: false }];
}

function collectClasses(recording: Recording, { trace, capture, sink }: ReadingAccount): Record<string, LossAccount> {
  const recorded = sumAccounts(Object.values(recording.trace.classes));
  // What the tracer says it delivered must be in the file; what is not was lost on the way, whoever lost it.
  const missing = Math.max(0, recorded.delivered - trace.records - trace.malformed);
  return {
    ...recording.trace.classes,
    packets: {
      counted: capture.packets + recording.capture.droppedByKernel,
      delivered: capture.packets - capture.malformed,
      suppressed: 0,
      dropped: capture.malformed + recording.capture.droppedByKernel,
    },
    ...lossClass("trace-undecodable", trace.malformed),
    ...lossClass("trace-missing", missing),
    ...lossClass("names-changed", trace.raced),
    ...lossClass("sink-undecodable", sink.malformed),
  };
}

function lossClass(name: string, dropped: number): Record<string, LossAccount> {
  return dropped === 0 ? {} : { [name]: { counted: dropped, delivered: 0, suppressed: 0, dropped } };
}

function sumAccounts(accounts: readonly LossAccount[]): LossAccount {
  const total = { counted: 0, delivered: 0, suppressed: 0, dropped: 0 };
  for (const account of accounts) {
    total.counted += account.counted;
    total.delivered += account.delivered;
    total.suppressed += account.suppressed;
    total.dropped += account.dropped;
  }
  return total;
}

function collectTruncated(recording: Recording, { trace, capture, sink, events }: ReadingAccount): string[] {
  const isCut: Readonly<Record<string, boolean>> = {
    trace: trace.truncated,
    capture: recording.capture.truncated || hasHoles(capture),
    sink: recording.sink.logTruncated || sink.incomplete,
    stdout: recording.output.stdout.truncated,
    stderr: recording.output.stderr.truncated,
    events: events.lost > 0,
  };
  return Object.keys(isCut).filter((name) => isCut[name]);
}

/** Payload beyond the bound of one stream is a hole where the sample sent it and no reader explains it: the decoder tells, in `observationsDropped`. */
function hasHoles(account: Readonly<DecodeAccount>): boolean {
  return (
    account.truncatedTail ||
    account.streamsDropped > 0 ||
    account.observationsDropped > 0 ||
    account.fragmentsDropped > 0 ||
    account.gapBytes > 0
  );
}

function eventLimit(events: ReadingAccount["events"]): LimitHit[] {
  if (events.lost === 0) return [];
  const detail = `${events.lost} events beyond the bound are not in the record`;
  return [{ limit: "events", bound: events.bound, affectedSample: false, detail }];
}

function programLimit({ plan }: Recording, uncopied: number): LimitHit[] {
  if (uncopied === 0) return [];
  const detail = `${uncopied} executed programs were too large, too many or gone too soon to be copied`;
  return [{ limit: "dropped-files", bound: plan.limits.droppedFilesBytes, affectedSample: false, detail }];
}

/** As much of an argument list, and of an environment, as the tracer takes whole (`MEMORY_MAX` of its event.h). */
const RECORD_STRING_BYTES = 32_767;

function sizeLimit({ cut }: TraceReading): LimitHit[] {
  if (cut === 0) return [];
  const detail = `${cut} records have arguments, environments or paths too long to be told whole`;
  return [{ limit: "record-size", bound: RECORD_STRING_BYTES, affectedSample: false, detail }];
}

/** Bounds of space that the sample met: each told once, with how often. */
function spaceLimits({ plan }: Recording, { full }: TraceReading): LimitHit[] {
  const calls = { shm: 0, volume: 0, disk: 0 };
  for (const [path, count] of full) {
    if (isBelow(path, "/dev/shm")) calls.shm += count;
    else if (plan.volumes.some((volume) => isBelow(path, volume))) calls.volume += count;
    else calls.disk += count;
  }
  const { shmBytes, volumeBytes, diskBytes } = plan.limits;
  const hit = (limit: LimitHit["limit"], bound: number, count: number, where: string): LimitHit[] =>
    count === 0 ? [] : [{ limit, bound, affectedSample: true, detail: `${count} calls found no space ${where}` }];
  return [
    ...hit("volume", shmBytes, calls.shm, "in shared memory"),
    ...hit("volume", volumeBytes, calls.volume, "in a volume"),
    ...hit("disk", diskBytes, calls.disk, "elsewhere"),
  ];
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
