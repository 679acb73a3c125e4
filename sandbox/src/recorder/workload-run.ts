import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TraceAccount, TraceRecord } from "@airlock/contracts";
import { findCgroupTrees } from "../cgroup-tree.ts";
import { createRunName } from "../run-name.ts";
import { createTraceDamage, readTrace, type TraceDamage } from "./decode.ts";
import type { ProgramCopies, Recorder, TrackOptions } from "./recorder.ts";
import { describeRecord } from "./trace-line.ts";

/** For tests of the recorder: programs whose events are known, run as plain processes in a cgroup of their own. */

/** Path of a program of `sandbox/tracer/workloads`. */
export function findWorkload(name: string): string {
  return fileURLToPath(new URL(`../../tracer/build/workloads/${name}`, import.meta.url));
}

export interface Cage {
  readonly cgroup: string;
  /** The folder above it. */
  readonly cgroupTop: string;
  /** Empty, for the workload. Paths in it are told with `~` for it. */
  readonly folder: string;
  readonly trace: string;
  /** Empty, for copies of programs. */
  readonly copies: string;
  remove(): Promise<void>;
}

export function makeCage(): Cage {
  const { unified } = findCgroupTrees();
  if (unified === null) throw new Error("no cgroup v2 tree");
  const name = createRunName();
  const cgroupTop = join(unified, name);
  const cgroup = join(cgroupTop, "sample");
  mkdirSync(cgroup, { recursive: true });
  const base = mkdtempSync(join(tmpdir(), `${name}-`));
  const folder = join(base, "work");
  const copies = join(base, "copies");
  mkdirSync(folder);
  mkdirSync(copies);
  return {
    cgroup,
    cgroupTop,
    folder,
    trace: join(base, "trace.bin"),
    copies,
    async remove() {
      await rmdir(cgroup);
      await rmdir(cgroupTop);
      await rm(base, { recursive: true });
    },
  };
}

/** Runs a program in the cage's cgroup. Resolves with its status, or the signal that ended it, and what it printed. */
export function runInside(cage: Cage, argv: readonly string[]): Promise<{ ended: number | string; output: string }> {
  const script = `echo $$ > ${cage.cgroup}/cgroup.procs && exec "$@"`;
  const child = spawn("/bin/sh", ["-c", script, "sh", ...argv], { env: {}, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString("utf8");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ ended: code ?? signal ?? "nothing", output }));
  });
}

export interface WorkloadRun {
  readonly ended: number | string;
  readonly output: string;
  readonly lines: string[];
  readonly records: TraceRecord[];
  /** Records left out of these: what a static C library does before `main`, which differs from one to the next. */
  readonly startUps: number;
  readonly account: TraceAccount;
  readonly damage: TraceDamage;
  /** Content of the copied programs by name. */
  readonly copies: ReadonlyMap<string, Buffer>;
}

export interface WorkloadOptions extends Partial<Omit<TrackOptions, "programs">> {
  readonly freezes?: boolean;
  /** Bounds of copies of programs; none are made without. */
  readonly programs?: Omit<ProgramCopies, "folder">;
}

const START_UP = "readlink /proc/self/exe ok";

export async function recordWorkload(
  recorder: Recorder,
  argv: readonly string[] | ((cage: Cage) => readonly string[]),
  options: WorkloadOptions = {},
): Promise<WorkloadRun> {
  const cage = makeCage();
  const { freezes = false, programs, ...trackOptions } = options;
  const session = await recorder.track({
    cgroupPath: cage.cgroup,
    outputPath: cage.trace,
    ringBytes: 8 << 20,
    traceBytes: 64 << 20,
    begin: "any",
    ...(freezes ? { freezeFolder: cage.cgroupTop } : {}),
    ...(programs === undefined ? {} : { programs: { ...programs, folder: cage.copies } }),
    ...trackOptions,
  });
  const { ended, output } = await runInside(cage, typeof argv === "function" ? argv(cage) : argv);
  const account = await session.seal();
  const { records: all, damage } = await readAll(cage.trace);
  const copies = new Map(readdirSync(cage.copies).map((name) => [name, readFileSync(join(cage.copies, name))]));
  await cage.remove();
  const records = all.filter((record) => describeRecord(record) !== START_UP);
  const lines = records.map((record) => describeRecord(record).replaceAll(cage.folder, "~"));
  return { ended, output, lines, records, startUps: all.length - records.length, account, damage, copies };
}

export async function readAll(path: string): Promise<{ records: TraceRecord[]; damage: TraceDamage }> {
  const damage = createTraceDamage();
  const records: TraceRecord[] = [];
  for await (const batch of readTrace(path, damage)) records.push(...batch);
  return { records, damage };
}
