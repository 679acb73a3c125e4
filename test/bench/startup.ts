import { performance } from "node:perf_hooks";
import { runCommand } from "../e2e/command.ts";
import { buildTestImage, removeTestImage } from "../images/busybox-image.ts";

const PAIRS = 7;
const SLEEP_SECONDS = 2;
const IMAGE = "airlock-bench/startup:latest";

/**
 * What an analysis takes beyond the time that the sample itself runs, beside what the engine's own command line takes beyond
 * it for the same image. The sample sleeps for a known time and exits, so both are wall time less that sleep.
 * Interleaved pairs, medians: machines are shared and noisy.
 */
export async function run(): Promise<Record<string, unknown>> {
  await buildTestImage(IMAGE, { command: ["/bin/busybox", "sleep", String(SLEEP_SECONDS)] });
  const airlock: number[] = [];
  const docker: number[] = [];
  try {
    await analyze();
    await dockerRun();
    for (let pair = 0; pair < PAIRS; pair++) {
      airlock.push(await analyze());
      docker.push(await dockerRun());
    }
  } finally {
    await removeTestImage(IMAGE);
  }
  console.log("added around the sample's own run   median     min     max  (seconds)");
  console.log(row("airlock analyze", airlock));
  console.log(row("docker run --rm", docker));
  return {
    addedSeconds: rounded(median(airlock)),
    dockerRunSeconds: rounded(median(docker)),
    pairs: PAIRS,
    difference: rounded(median(airlock.map((seconds, index) => seconds - (docker[index] ?? Number.NaN)))),
  };
}

async function analyze(): Promise<number> {
  return time(["./airlock", "analyze", `docker:${IMAGE}`, "--format", "json", "--duration", "20s"], [0, 3]);
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
