import { performance } from "node:perf_hooks";
import { type LocalAnalyzer, openLocalAnalyzer } from "@airlock/analyzer";
import { parseImageSource } from "@airlock/contracts";
import { runCommand } from "../e2e/command.ts";
import { buildTestImage, removeTestImage } from "../images/busybox-image.ts";

const ROUNDS = 7;
const SLEEP_SECONDS = 2;
const IMAGE = "airlock-bench/startup:latest";

/**
 * What an analysis takes beyond the time that the sample itself runs, beside what the engine's own command line takes beyond
 * it for the same image. The sample sleeps for a known time and exits, so all are wall time less that sleep.
 * Once as a command, which also loads its program, the recorder and the rules; once as by a worker that has them.
 * Interleaved, medians: machines are shared and noisy.
 */
export async function run(): Promise<Record<string, unknown>> {
  await buildTestImage(IMAGE, { command: ["/bin/busybox", "sleep", String(SLEEP_SECONDS)] });
  const command: number[] = [];
  const worker: number[] = [];
  const docker: number[] = [];
  const analyzer = await openLocalAnalyzer((message) => console.error(message));
  try {
    // What only the first time costs is no part of it.
    await analyzeByWorker(analyzer);
    await dockerRun();
    for (let round = 0; round < ROUNDS; round++) {
      command.push(await analyzeByCommand());
      worker.push(await analyzeByWorker(analyzer));
      docker.push(await dockerRun());
    }
  } finally {
    await analyzer.close();
    await removeTestImage(IMAGE);
  }
  console.log("added around the sample's own run   median     min     max  (seconds)");
  console.log(row("airlock analyze, a command", command));
  console.log(row("the same by a running worker", worker));
  console.log(row("docker run --rm", docker));
  return {
    addedSeconds: rounded(median(command)),
    workerAddedSeconds: rounded(median(worker)),
    dockerRunSeconds: rounded(median(docker)),
    rounds: ROUNDS,
  };
}

async function analyzeByCommand(): Promise<number> {
  return time(["./airlock", "analyze", `docker:${IMAGE}`, "--format", "json", "--duration", "20s"], [0, 3]);
}

async function analyzeByWorker(analyzer: LocalAnalyzer): Promise<number> {
  const start = performance.now();
  await analyzer.analyze({
    source: parseImageSource(`docker:${IMAGE}`),
    options: { durationMs: 20_000 },
    signatures: [],
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return (performance.now() - start) / 1000 - SLEEP_SECONDS;
}

async function dockerRun(): Promise<number> {
  return time(["docker", "run", "--rm", "--network", "none", IMAGE], [0]);
}

async function time(command: readonly string[], accepted: readonly number[]): Promise<number> {
  const start = performance.now();
  const { status, stderr } = await runCommand(command);
  if (!accepted.includes(status)) throw new Error(`${command.join(" ")} exited ${status}: ${stderr.slice(-500)}`);
  return (performance.now() - start) / 1000 - SLEEP_SECONDS;
}

function row(name: string, values: readonly number[]): string {
  const cells = [median(values), Math.min(...values), Math.max(...values)];
  return name.padEnd(34) + cells.map((cell) => cell.toFixed(2).padStart(8)).join("");
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
