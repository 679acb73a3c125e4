import { Report } from "@airlock/contracts";

/** The plainest document for tests, and builders for the entries of others. */

const CONFIG_DIGEST = `sha256:${"0f9e".repeat(16)}`;

const limits = {
  memoryBytes: 1 << 30,
  pids: 512,
  nanoCpus: 1_000_000_000,
  openFiles: 65_536,
  diskBytes: 1 << 30,
  volumeBytes: 1 << 28,
  volumeInodes: 65_536,
  shmBytes: 1 << 26,
  outputBytes: 1 << 20,
  captureBytes: 1 << 26,
  captureSnaplen: 65_535,
  traceBytes: 1 << 29,
  ringBytes: 1 << 25,
  droppedFileBytes: 1 << 24,
  droppedFilesBytes: 1 << 27,
  droppedFiles: 1000,
};

const config = {
  entrypoint: ["/bin/sh", "/entry.sh"],
  command: [],
  env: ["PATH=/bin"],
  user: "",
  workdir: "/",
  exposedPorts: ["8080/tcp"],
  volumes: [],
  stopSignal: "",
  labels: { zulu: "1", alpha: "2" },
};

const SENSORS = ["tracer", "capture", "sinkhole", "output", "layer", "resources"] as const;

/** A quiet server: nothing found, nothing lost. */
export function benignReport(): Report {
  return Report.parse({
    schemaVersion: "1",
    analysis: {
      id: "a1b2c3",
      ruleSet: `sha256:${"77".repeat(32)}`,
      profile: "standard",
      sensorBuild: "tracer 0.1.0",
      engineVersion: "docker 20.10.24 runc",
      createdAt: "2026-01-02T03:04:05.000Z",
      timings: { report: 12, acquire: 40, detonate: 8450 },
    },
    image: {
      reference: "docker:airlock-demo/web:latest",
      digest: CONFIG_DIGEST,
      digestKind: "config",
      configDigest: CONFIG_DIGEST,
      platform: "linux/amd64",
      config,
    },
    plan: {
      profile: "standard",
      entrypoint: { id: "main", argv: ["/bin/httpd", "-f", "-p", "8080"], origin: "image" },
      env: ["PATH=/bin"],
      user: "",
      workdir: "/",
      hostname: "web-bcdfghjklm-npqrs",
      exposedPorts: [{ port: 8080, protocol: "tcp" }],
      volumes: [],
      durationMs: 8000,
      stopSignal: "SIGTERM",
      stopGraceMs: 5000,
      limits,
    },
    run: {
      startedAt: "2026-01-02T03:04:00.000Z",
      endedAt: "2026-01-02T03:04:08.004Z",
      windowMs: 8004,
      outcome: { kind: "timed-out", code: null, signal: null },
    },
    coverage: {
      sensors: SENSORS.map((name) => ({ name, confirmed: true, aliveAtEnd: true, detail: "" })),
      counted: 1234,
      delivered: 1200,
      suppressed: 34,
      dropped: 0,
      classes: { priority: { counted: 1234, delivered: 1200, suppressed: 34, dropped: 0 } },
      truncated: [],
      limits: [],
      entrypoints: [{ id: "main", argv: ["/bin/httpd", "-f", "-p", "8080"], exercised: true }],
      frozenMs: 0,
    },
    verdict: { level: "benign", score: 0, reasons: [] },
    findings: [],
    processes: [process({ key: "100:10", pid: 1, image: "/bin/httpd", commandLine: "/bin/httpd -f -p 8080" })],
    files: [],
    droppedFiles: [],
    network: {
      dns: [],
      http: [],
      tls: [],
      flows: [],
      listeners: [{ protocol: "tcp", address: "::", port: 8080, exposed: true, process: "100:10" }],
    },
    syscalls: { read: { calls: 10, failed: 0, denied: 0 }, accept4: { calls: 1, failed: 0, denied: 0 } },
    output: {
      stdout: { text: "listening\n", bytes: 10, truncated: false },
      stderr: { text: "", bytes: 0, truncated: false },
    },
    artifacts: [],
    omitted: {},
  });
}

export function process(fields: Partial<Report["processes"][number]> & { key: string }): Report["processes"][number] {
  return {
    parent: null,
    pid: 1,
    image: "/bin/true",
    origin: "image",
    commandLine: "true",
    user: "0",
    startedAtMs: 0,
    endedAtMs: null,
    exitCode: null,
    signal: null,
    events: 3,
    ...fields,
  };
}

export function finding(
  id: string,
  title: string,
  level: Report["findings"][number]["signature"]["level"],
  weight: number,
  techniques: string[],
  tactics: string[],
  evidence: [string, string][] = [["e1", "uname -a"]],
): Report["findings"][number] {
  return {
    signature: { id, uuid: "11111111-2222-4333-8444-555555555555", title, level, description: `${title}.` },
    techniques,
    tactics,
    weight,
    matches: evidence.length,
    evidence: evidence.map(([event, excerpt]) => ({ event, excerpt })),
  };
}

export function file(
  path: string,
  operations: Report["files"][number]["operations"],
  origin: string,
  bytesWritten: number,
): Report["files"][number] {
  return { path, operations, origin, bytesWritten, processes: ["100:10"] };
}

export function dropped(
  path: string,
  change: "added" | "changed",
  type: string,
  size: number,
): Report["droppedFiles"][number] {
  return { path, change, sha256: "deadbeef".repeat(8), size, type, mode: "0755", kept: true };
}
