import { z } from "zod";
import { LimitHit, SensorStatus } from "./coverage.ts";
import { DetonationPlan } from "./detonation-plan.ts";
import { PinnedImage } from "./image.ts";
import { Outcome } from "./outcome.ts";

const count = z.number().int().nonnegative();

/** One entry of the writable layer, a volume, /dev/shm or the engine's /etc files, compared with the image. */
export const LayerEntry = z.strictObject({
  /** As the sample sees it. */
  path: z.string(),
  change: z.enum(["added", "changed", "deleted"]),
  where: z.enum(["layer", "volume", "shm", "engine-etc"]),
  type: z.enum(["file", "directory", "symlink", "other"]),
  size: count,
  /** Octal permission bits, `4755`. */
  mode: z.string(),
  uid: count,
  gid: count,
  linkTarget: z.string().optional(),
  /** Of the content, for regular files within the bound. */
  sha256: z.string().optional(),
  /** SHA-256 of the image's file of that path, to tell a real change from a mere copy-up. */
  imageSha256: z.string().optional(),
  /** Name of the copy in the run's `dropped/` folder (its sha256), when content was kept. */
  kept: z.string().optional(),
  /** `elf`, `script`, `text`, `gzip`, `zip`, `data`, ... by first bytes. */
  contentType: z.string().optional(),
});
export type LayerEntry = z.infer<typeof LayerEntry>;

/** A program or script of the image that was run, by the path that it was run at. */
export const ImageProgram = z.strictObject({ path: z.string(), size: count, sha256: z.string() });
export type ImageProgram = z.infer<typeof ImageProgram>;

/** A process that was still alive at the end of the window: what it waited for decides whether the run is dormant. */
export const Survivor = z.strictObject({
  pid: count,
  comm: z.string(),
  /** `running`, or the name of the system call it sleeps in. */
  waitingIn: z.string(),
  /** No thread of it ran between two looks. What it waits for tells `attends`. */
  waitsOnTimerOnly: z.boolean(),
  /** Holds a network socket that others can reach it by. */
  listening: z.boolean(),
  /** Holds a connection that leads out of the sample. */
  connected: z.boolean(),
  /** As the sample sees it, which is how events name it. */
  samplePid: count.optional(),
  /** A thread of it waits for such a socket, not just for time or for another process. */
  attends: z.boolean().optional(),
  /** The longest time that a thread of it asked to sleep for, in the sleep it is in; null when none is in a sleep. */
  sleepMs: z.number().nonnegative().nullable().optional(),
});
export type Survivor = z.infer<typeof Survivor>;

export const CapturedOutput = z.strictObject({
  /** Kept head, UTF-8 with invalid bytes replaced. */
  text: z.string(),
  bytes: count,
  truncated: z.boolean(),
});

const syscallCount = z.strictObject({ calls: count, failed: count, denied: count });
const classAccount = z.strictObject({ counted: count, delivered: count, suppressed: count, dropped: count });

/**
 * What a detonation hands to extract: `recording.json` in a run folder, beside `trace.bin` (tracer records),
 * `capture.pcap`, `sink.ndjson` (what the sinkhole answered) and `dropped/<sha256>`. The replay sandbox reads the same folder.
 */
export const Recording = z.strictObject({
  schemaVersion: z.literal(1),
  plan: DetonationPlan,
  image: PinnedImage,
  outcome: Outcome,
  /** Wall clock, ISO 8601. */
  startedAt: z.string(),
  endedAt: z.string(),
  windowMs: z.number().nonnegative(),
  /** Unix time minus CLOCK_BOOTTIME in ns at the start, as text: turns tracer times into wall times. */
  bootToUnixNs: z.string(),
  /** Addresses of the sample in its own network. */
  sampleAddresses: z.array(z.string()),
  sinkAddresses: z.array(z.string()),
  trace: z.strictObject({
    classes: z.record(z.string(), classAccount),
    syscalls: z.record(z.string(), syscallCount),
    heartbeats: count,
    longestGapMs: z.number().nonnegative(),
    started: z.boolean(),
    ringPeakBytes: count,
    frozenMs: z.number().nonnegative(),
  }),
  capture: z.strictObject({ bytes: count, packets: count, droppedByKernel: count, truncated: z.boolean() }),
  sink: z.strictObject({ requests: count, logTruncated: z.boolean() }),
  output: z.strictObject({ stdout: CapturedOutput, stderr: CapturedOutput }),
  layer: z.array(LayerEntry),
  /**
   * What the image has at the paths of executed files, whether these ran unchanged or not. Absent in older recordings; a
   * file too large to be hashed is not in it.
   */
  imagePrograms: z.array(ImageProgram).optional(),
  survivors: z.array(Survivor),
  /** Those that were still alive when the grace after the stop signal was over. */
  stopSurvivors: z.array(Survivor).optional(),
  /** Living processes that could not be looked at, at either time. */
  survivorsUnexamined: count.optional(),
  sensors: z.array(SensorStatus),
  limits: z.array(LimitHit),
  /** True when something of ours, not the plan, ended the run before its window was over. */
  stoppedEarly: z.boolean(),
});
export type Recording = z.infer<typeof Recording>;

/** Names inside a run folder; the sample never chooses one. */
export const RUN_FILES = {
  recording: "recording.json",
  trace: "trace.bin",
  capture: "capture.pcap",
  sink: "sink.ndjson",
  dropped: "dropped",
  events: "events.ndjson.gz",
  eventsIndex: "events.index.json",
  judgement: "judgement.json",
  report: "report.json",
} as const;
