import { z } from "zod";
import { Coverage } from "./coverage.ts";
import { DetonationPlan } from "./detonation-plan.ts";
import { Finding } from "./finding.ts";
import { Digest, ImageConfig, Platform } from "./image.ts";
import { Outcome } from "./outcome.ts";
import { CapturedOutput } from "./recorded-run.ts";
import { Verdict } from "./verdict.ts";

const count = z.number().int().nonnegative();

/** A process as the report shows it; the tree is by `parent`. */
export const ReportProcess = z.strictObject({
  key: z.string(),
  parent: z.string().nullable(),
  pid: count,
  image: z.string(),
  origin: z.string(),
  commandLine: z.string(),
  user: z.string(),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** Of the program as it was when it ran. */
  sha256: z.string().optional(),
  /** Of a `copied-up` program: whether it holds something else than the image's. */
  contentChanged: z.boolean().optional(),
  /** Number of behaviour events of this process. */
  events: count,
});
export type ReportProcess = z.infer<typeof ReportProcess>;

export const ReportFile = z.strictObject({
  path: z.string(),
  /** What happened to it over the run. */
  operations: z.array(z.enum(["read", "created", "written", "renamed", "deleted", "metadata", "executed"])),
  origin: z.string(),
  bytesWritten: count,
  processes: z.array(z.string()),
});
export type ReportFile = z.infer<typeof ReportFile>;

export const DroppedFile = z.strictObject({
  path: z.string(),
  change: z.enum(["added", "changed"]),
  sha256: z.string(),
  size: count,
  type: z.string(),
  mode: z.string(),
  kept: z.boolean(),
});
export type DroppedFile = z.infer<typeof DroppedFile>;

export const ReportNetwork = z.strictObject({
  dns: z.array(
    z.strictObject({
      name: z.string(),
      type: z.string(),
      answers: z.array(z.string()),
      process: z.string().nullable(),
      count,
    }),
  ),
  http: z.array(
    z.strictObject({
      method: z.string(),
      url: z.string(),
      userAgent: z.string(),
      status: z.number().int().nullable(),
      process: z.string().nullable(),
    }),
  ),
  tls: z.array(
    z.strictObject({
      serverName: z.string(),
      address: z.string(),
      port: count,
      ja3: z.string(),
      process: z.string().nullable(),
    }),
  ),
  flows: z.array(
    z.strictObject({
      protocol: z.string(),
      address: z.string(),
      port: count,
      hostname: z.string().nullable(),
      application: z.string(),
      packets: count,
      bytesSent: count,
      bytesReceived: count,
      process: z.string().nullable(),
    }),
  ),
  listeners: z.array(
    z.strictObject({
      protocol: z.string(),
      address: z.string(),
      port: count,
      exposed: z.boolean(),
      process: z.string().nullable(),
    }),
  ),
});
export type ReportNetwork = z.infer<typeof ReportNetwork>;

/** The whole document an analysis ends in. `coverage` is required: a report without it does not validate. */
export const Report = z.strictObject({
  schemaVersion: z.literal("1"),
  analysis: z.strictObject({
    id: z.string(),
    ruleSet: z.string(),
    profile: z.string(),
    sensorBuild: z.string(),
    engineVersion: z.string(),
    createdAt: z.string(),
    /** Milliseconds by stage name. */
    timings: z.record(z.string(), z.number()),
  }),
  image: z.strictObject({
    reference: z.string(),
    digest: Digest,
    digestKind: z.enum(["manifest", "config"]),
    configDigest: Digest,
    manifestDigest: Digest.optional(),
    indexDigest: Digest.optional(),
    platform: Platform,
    config: ImageConfig,
  }),
  plan: DetonationPlan,
  run: z.strictObject({
    startedAt: z.string(),
    endedAt: z.string(),
    windowMs: z.number(),
    outcome: Outcome,
  }),
  coverage: Coverage,
  verdict: Verdict,
  findings: z.array(Finding),
  processes: z.array(ReportProcess),
  files: z.array(ReportFile),
  droppedFiles: z.array(DroppedFile),
  network: ReportNetwork,
  syscalls: z.record(z.string(), z.strictObject({ calls: count, failed: count, denied: count })),
  output: z.strictObject({ stdout: CapturedOutput, stderr: CapturedOutput }),
  artifacts: z.array(z.strictObject({ name: z.string(), bytes: count, sha256: z.string(), mediaType: z.string() })),
  /** Lists that were cut for size, with how many entries they had. */
  omitted: z.record(z.string(), count),
});
export type Report = z.infer<typeof Report>;
