import { type DetonationLimits, type Recording, readImageConfig } from "@airlock/contracts";

/** Boot time plus this is unix time in test recordings. */
export const BOOT_TO_UNIX_NS = 1_700_000_000_000_000_000n;

const LIMITS: DetonationLimits = {
  memoryBytes: 1,
  pids: 1,
  nanoCpus: 1,
  openFiles: 1,
  diskBytes: 1,
  volumeBytes: 1,
  volumeInodes: 1,
  shmBytes: 1,
  outputBytes: 1,
  captureBytes: 1,
  captureSnaplen: 1,
  traceBytes: 1,
  ringBytes: 1,
  droppedFileBytes: 1,
  droppedFilesBytes: 1,
  droppedFiles: 1,
};

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const ALIVE = { confirmed: true, aliveAtEnd: true, detail: "" };
const SILENT = { text: "", bytes: 0, truncated: false };

/** A recording of a run in which everything went well and the program ended by itself. */
export function recording(changes: Partial<Recording> = {}): Recording {
  return {
    schemaVersion: 1,
    plan: {
      profile: "default",
      entrypoint: { id: "image", argv: ["/entry"], origin: "image" },
      env: [],
      user: "0",
      workdir: "/",
      hostname: "web-1",
      exposedPorts: [{ port: 8080, protocol: "tcp" }],
      volumes: ["/data"],
      durationMs: 30_000,
      stopSignal: "SIGTERM",
      stopGraceMs: 1_000,
      limits: LIMITS,
    },
    image: {
      reference: "example:1",
      digest: DIGEST,
      digestKind: "config",
      configDigest: DIGEST,
      platform: "linux/amd64",
      config: readImageConfig({}),
      diffIds: [DIGEST],
      sizeBytes: 1,
    },
    outcome: { kind: "exited", code: 0, signal: null },
    startedAt: "2023-11-14T22:13:20.000Z",
    endedAt: "2023-11-14T22:13:50.000Z",
    windowMs: 30_000,
    bootToUnixNs: String(BOOT_TO_UNIX_NS),
    sampleAddresses: ["10.66.0.2", "fd00:66::2"],
    sinkAddresses: ["10.66.0.1", "fd00:66::1"],
    trace: {
      classes: { decisive: { counted: 1, delivered: 1, suppressed: 0, dropped: 0 } },
      syscalls: { execve: { calls: 1, failed: 0, denied: 0 } },
      heartbeats: 30,
      longestGapMs: 1_000,
      started: true,
      ringPeakBytes: 0,
      frozenMs: 0,
    },
    capture: { bytes: 0, packets: 0, droppedByKernel: 0, truncated: false },
    sink: { requests: 0, logTruncated: false },
    output: { stdout: SILENT, stderr: SILENT },
    layer: [],
    survivors: [],
    sensors: (["tracer", "capture", "sinkhole", "output", "layer"] as const).map((name) => ({ name, ...ALIVE })),
    limits: [],
    stoppedEarly: false,
    ...changes,
  };
}
