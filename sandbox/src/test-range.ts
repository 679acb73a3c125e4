import { readFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type DetonationLimits,
  type DetonationPlan,
  Fault,
  type PinnedImage,
  Recording,
  RUN_FILES,
  type TraceRecord,
} from "@airlock/contracts";
import { type DockerSandbox, openDockerSandbox } from "./docker/docker-sandbox.ts";
import { buildImage, type LayerFile } from "./docker/image-archive.ts";
import { describeRecord } from "./recorder/trace-line.ts";
import { readAll } from "./recorder/workload-run.ts";
import { createRunFolder } from "./run-folder.ts";
import { createRunName, type RunName } from "./run-name.ts";
import { findResidue } from "./run-residue.ts";
import type { DetonationProgress } from "./sandbox.ts";

const MiB = 1024 * 1024;

/** Small, so that bounds are soon reached. */
const LIMITS: DetonationLimits = {
  memoryBytes: 128 * MiB,
  pids: 64,
  nanoCpus: 2_000_000_000,
  openFiles: 1024,
  diskBytes: 64 * MiB,
  volumeBytes: 8 * MiB,
  volumeInodes: 1024,
  shmBytes: 8 * MiB,
  outputBytes: 64 * 1024,
  captureBytes: 8 * MiB,
  captureSnaplen: 65_535,
  traceBytes: 64 * MiB,
  ringBytes: 8 * MiB,
  droppedFileBytes: MiB,
  droppedFilesBytes: 4 * MiB,
  droppedFiles: 100,
};

export interface Trial {
  readonly run: RunName;
  readonly recording: Recording;
  readonly records: TraceRecord[];
  /** The records as lines, in order. */
  readonly lines: string[];
  /** Content of a kept file, as text. */
  readonly dropped: (sha256: string) => string;
  /** Names of all that is kept, sorted. */
  readonly copies: string[];
  /** The sinkhole's log, as text. */
  readonly sink: string;
  /** Names in the run folder. */
  readonly files: string[];
}

export interface TrialOptions {
  readonly plan?: Partial<DetonationPlan>;
  readonly limits?: Partial<DetonationLimits>;
  readonly signal?: AbortSignal;
  readonly run?: RunName;
  readonly image?: PinnedImage;
  readonly onProgress?: (progress: DetonationProgress) => void;
}

/** For tests: samples made of busybox, run by the real sandbox, and what was recorded of them. */
export class TestRange {
  readonly sandbox: DockerSandbox;
  readonly #references: string[] = [];
  readonly #runs: RunName[] = [];
  #plain: Promise<PinnedImage> | null = null;

  private constructor(sandbox: DockerSandbox) {
    this.sandbox = sandbox;
  }

  static async open(): Promise<TestRange> {
    return new TestRange(await openDockerSandbox());
  }

  /** Builds an image of busybox and more; it is gone with the range. */
  async build(
    layers: readonly (readonly LayerFile[])[] = [],
    config: Record<string, unknown> = {},
    reference = `airlock-test/range:${createRunName()}`,
  ): Promise<PinnedImage> {
    this.#references.push(reference);
    await buildImage(this.sandbox.images, {
      reference,
      layers: [busyboxLayer(), ...layers],
      config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], ...config },
    });
    const found = await this.sandbox.images.inspect(reference);
    if (found === null) throw new Error("the image was not built");
    return found.image;
  }

  /** Runs a shell script, or a program's whole argument vector, and gives back what was recorded. Its folder is removed. */
  async detonate(command: string | readonly string[], options: TrialOptions = {}): Promise<Trial> {
    const image = options.image ?? (await this.#plainImage());
    const run = options.run ?? createRunName();
    this.#runs.push(run);
    const runFolder = await createRunFolder(run);
    try {
      await this.sandbox.detonate(planTrial(command, image, options), image, {
        runName: run,
        runFolder,
        signal: options.signal ?? new AbortController().signal,
        onProgress: options.onProgress ?? (() => undefined),
      });
      return await readTrial(run, runFolder);
    } finally {
      await rm(runFolder, { recursive: true });
    }
  }

  #plainImage(): Promise<PinnedImage> {
    this.#plain ??= this.build();
    return this.#plain;
  }

  /** What the runs so far have left on this host. */
  async residue(): Promise<string[]> {
    const found = await Promise.all(this.#runs.map((run) => findResidue(this.sandbox.engine, run)));
    return found.flat();
  }

  async close(): Promise<void> {
    for (const reference of this.#references) await this.sandbox.images.remove(reference);
    await this.sandbox.close();
  }
}

function busyboxLayer(): LayerFile[] {
  const links = ["sh", "cat", "ls", "sleep", "dd", "nc", "httpd", "wget"];
  return [
    { path: "bin" },
    { path: "bin/busybox", content: readFileSync("/bin/busybox") },
    ...links.map((name) => ({ path: `bin/${name}`, linkTo: "busybox" })),
    { path: "tmp", mode: 0o1777 },
    { path: "etc" },
    { path: "etc/passwd", content: "root:x:0:0::/:/bin/sh\nplain:x:1000:1000::/:/bin/sh\n", mode: 0o644 },
    { path: "etc/group", content: "root:x:0:\nplain:x:1000:\n", mode: 0o644 },
  ];
}

export function planTrial(
  command: string | readonly string[],
  image: PinnedImage,
  { plan = {}, limits = {} }: TrialOptions,
): DetonationPlan {
  return {
    profile: "standard",
    entrypoint: {
      id: "main",
      argv: typeof command === "string" ? ["/bin/sh", "-c", command] : [...command],
      origin: "image",
    },
    env: image.config.env,
    user: image.config.user,
    workdir: "/",
    hostname: "payments-7d9f",
    exposedPorts: [],
    volumes: image.config.volumes,
    durationMs: 10_000,
    stopSignal: "SIGTERM",
    stopGraceMs: 2000,
    ...plan,
    limits: { ...LIMITS, ...limits },
  };
}

async function readTrial(run: RunName, folder: string): Promise<Trial> {
  const recording = Recording.parse(JSON.parse(await readFile(join(folder, RUN_FILES.recording), "utf8")));
  const { records, damage } = await readAll(join(folder, RUN_FILES.trace));
  if (damage.malformed > 0) throw new Fault("RUN_INVALID", "the trace holds what can't be decoded");
  const kept = new Map<string, string>();
  for (const name of await readdir(join(folder, RUN_FILES.dropped))) {
    kept.set(name, await readFile(join(folder, RUN_FILES.dropped, name), "utf8"));
  }
  return {
    run,
    recording,
    records,
    lines: records.map(describeRecord),
    dropped: (sha256) => kept.get(sha256) ?? "not kept",
    copies: [...kept.keys()].toSorted(),
    sink: await readFile(join(folder, RUN_FILES.sink), "utf8"),
    files: await readdir(folder),
  };
}
