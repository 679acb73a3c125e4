import { z } from "zod";

const positive = z.number().int().positive();

/** Every bound a sample can run into (invariant I6). Bytes, counts, milliseconds; a hit is in the report. */
export const DetonationLimits = z.strictObject({
  memoryBytes: positive,
  pids: positive,
  /** Billionths of a CPU, the engine's unit. */
  nanoCpus: positive,
  openFiles: positive,
  /** Writable layer, volumes and engine-owned /etc files together. */
  diskBytes: positive,
  volumeBytes: positive,
  volumeInodes: positive,
  shmBytes: positive,
  /** Kept of each of stdout and stderr; the true size is reported. */
  outputBytes: positive,
  captureBytes: positive,
  captureSnaplen: positive,
  /** Recorded trace on disk. */
  traceBytes: positive,
  ringBytes: positive,
  droppedFileBytes: positive,
  droppedFilesBytes: positive,
  droppedFiles: positive,
});
export type DetonationLimits = z.infer<typeof DetonationLimits>;

/** How one image is to be run: everything the sandbox needs and nothing about hosts or engines, so it can be sent. */
export const DetonationPlan = z.strictObject({
  profile: z.string(),
  entrypoint: z.strictObject({
    id: z.string(),
    /** Full argument vector, entry point and command joined. Never empty. */
    argv: z.array(z.string()).min(1),
    origin: z.enum(["image", "submission"]),
  }),
  env: z.array(z.string()),
  user: z.string(),
  workdir: z.string(),
  hostname: z.string(),
  exposedPorts: z.array(z.strictObject({ port: z.number().int().min(1).max(65535), protocol: z.enum(["tcp", "udp"]) })),
  volumes: z.array(z.string()),
  /** Observation window, from the start of the sample. */
  durationMs: positive,
  stopSignal: z.string(),
  /** Between the stop signal and the kill: a SIGTERM handler is behaviour too. */
  stopGraceMs: positive,
  limits: DetonationLimits,
});
export type DetonationPlan = z.infer<typeof DetonationPlan>;
