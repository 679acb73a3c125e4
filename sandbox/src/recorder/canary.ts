import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fault, type TraceAccount, type TraceRecord, toFault } from "@airlock/contracts";
import { findCgroupTrees } from "../cgroup-tree.ts";
import { createRunName } from "../run-name.ts";
import { createTraceDamage, readTrace } from "./decode.ts";
import type { Recorder } from "./recorder.ts";
import { describeRecord } from "./trace-line.ts";

export interface CanaryResult {
  readonly events: number;
  readonly elapsedMs: number;
}

/** Every event of `sandbox/tracer/src/canary.c`, in order. */
const EXPECTED = [
  "exec airlock-tracer [airlock-canary sing] LD_WARN=canary",
  "open /proc/self/status ok",
  "memfd_create airlock-canary ok",
  'wrote /memfd:airlock-canary memfd 5 in 1 "tweet"',
  "connect 2/2/17 to 127.0.0.1:9 ok",
  "fork",
  "exit 3",
  "prctl ok",
  "prctl ok",
  "mount canary / none blocked EPERM",
  "exit 7",
];

const EXPECTED_CALLS = { memfd_create: 1, connect: 1, mount: 1 };
const RING_BYTES = 1 << 20;
const TRACE_BYTES = 16 << 20;
const DEADLINE_MS = 10_000;

/**
 * Runs a small program whose every event is known, in a cgroup of its own, and demands exactly these: a recorder that loads
 * may still see nothing, or the wrong thing. Rejects with TRACER_FAILED that says what was seen instead, or CGROUP_FAILED.
 */
export async function runCanary(recorder: Recorder): Promise<CanaryResult> {
  const begin = performance.now();
  const cage = await makeCage();
  try {
    const session = await recorder.track({
      cgroupPath: cage.cgroup,
      outputPath: cage.trace,
      ringBytes: RING_BYTES,
      traceBytes: TRACE_BYTES,
      begin: "any",
    });
    await sing(recorder.tracerPath, cage.cgroup);
    const account = await session.seal();
    const seen = await readAll(cage.trace);
    demand(seen, account);
    return { events: seen.length, elapsedMs: performance.now() - begin };
  } finally {
    await cage.remove();
  }
}

interface Cage {
  readonly cgroup: string;
  readonly trace: string;
  remove(): Promise<void>;
}

async function makeCage(): Promise<Cage> {
  const { unified } = findCgroupTrees();
  if (unified === null) throw new Fault("KERNEL_UNSUPPORTED", "no cgroup v2 tree is mounted");
  const name = createRunName();
  const cgroup = join(unified, name);
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  try {
    await mkdir(cgroup);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw toFault(error, "CGROUP_FAILED", "the canary's control group can't be made");
  }
  return {
    cgroup,
    trace: join(folder, "trace.bin"),
    async remove() {
      await rm(folder, { recursive: true, force: true });
      await rmdir(cgroup).catch((error: unknown) => {
        throw toFault(error, "CGROUP_FAILED", "the canary's control group can't be removed");
      });
    },
  };
}

/** The exit status says that all its calls ended as they should; only then what is missing is the recorder's fault. */
async function sing(tracerPath: string, cgroup: string): Promise<void> {
  const run = promisify(execFile)(tracerPath, ["canary", join(cgroup, "cgroup.procs")], { timeout: DEADLINE_MS });
  const status = await run.then(
    () => 0,
    (error: { code?: number | string | null }) => error.code,
  );
  if (status !== 7) throw new Fault("TRACER_FAILED", `the canary itself failed (status ${status})`);
}

async function readAll(path: string): Promise<string[]> {
  const damage = createTraceDamage();
  const seen: string[] = [];
  for await (const batch of readTrace(path, damage)) seen.push(...batch.map(describePlain).filter(isSung));
  if (damage.truncated || damage.malformed > 0) {
    throw new Fault("TRACER_FAILED", "the canary's trace can't be read to its end");
  }
  return seen;
}

function demand(seen: readonly string[], { started, classes, syscalls }: TraceAccount): void {
  const wrong = EXPECTED.findIndex((line, index) => seen[index] !== line);
  if (wrong !== -1 || seen.length !== EXPECTED.length) {
    const at = wrong === -1 ? EXPECTED.length : wrong;
    const [wanted, got] = [EXPECTED[at] ?? "nothing more", seen[at] ?? "nothing more"];
    throw new Fault("TRACER_FAILED", `the recorder missed the canary's event ${at}: "${wanted}", but saw "${got}"`);
  }
  const counted = Object.entries(EXPECTED_CALLS).every(([name, calls]) => syscalls[name]?.calls === calls);
  const lost = Object.values(classes).some(({ dropped }) => dropped > 0);
  if (!started || !counted || lost) throw new Fault("TRACER_FAILED", "the recorder's books of the canary are wrong");
}

/** A static C library looks for its own program before `main`; not each does. */
function isSung(line: string): boolean {
  return line !== "readlink /proc/self/exe ok";
}

/** Where the tracer lies and which process looks at its own status differ from host to host. */
function describePlain(record: TraceRecord): string {
  const line = describeRecord(record);
  if (record.kind === "exec") return line.replace(/^exec \S*\//, "exec ");
  return record.kind === "open" ? line.replace(/ = \/proc\/\d+\/status/, "") : line;
}
