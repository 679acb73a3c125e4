import { Fault, type Report, type VerdictLevel } from "@airlock/contracts";
import { formatScore, renderBrief, renderJson } from "@airlock/formats";
import type { AnalyzeImage } from "../analysis.ts";
import type { DemoEngine } from "../demo/demo-engine.ts";
import { packDemoImages } from "../demo/demo-images.ts";
import { EXIT_STATUS, type ExitStatus } from "../exit-status.ts";
import { Interruption } from "../interruption.ts";
import { openProgress, type ProgressDisplay } from "../progress.ts";
import { mayColour, measureWidth, type Terminal, writeText } from "../terminal.ts";

export interface DemoOptions {
  readonly durationMs: number;
  readonly keep: boolean;
  readonly format: "table" | "json";
  readonly quiet: boolean;
}

export interface DemoResult {
  readonly image: string;
  readonly title: string;
  readonly expected: VerdictLevel;
  readonly report: Report;
}

/** `airlock demo`: a harmless image and an imitated implant, both judged. Succeeds when both verdicts are as expected. */
export async function runDemo(
  options: DemoOptions,
  terminal: Terminal,
  deps: { readonly analyze: AnalyzeImage; readonly engine: DemoEngine },
): Promise<ExitStatus> {
  const display = openProgress(terminal, { quiet: options.quiet, progress: true, windowMs: options.durationMs });
  const interruption = new Interruption((message) => display.say(message));
  try {
    const results = await analyzeDemoImages(options, display, { ...deps, signal: interruption.signal });
    display.close();
    await writeText(terminal.stdout, formatResults(results, options, terminal));
    return results.every(isAsExpected) ? EXIT_STATUS.allowed : EXIT_STATUS.failed;
  } finally {
    interruption.close();
    display.close();
  }
}

interface DemoDeps {
  readonly analyze: AnalyzeImage;
  readonly engine: DemoEngine;
  readonly signal: AbortSignal;
}

async function analyzeDemoImages(
  options: DemoOptions,
  display: ProgressDisplay,
  deps: DemoDeps,
): Promise<DemoResult[]> {
  const results: DemoResult[] = [];
  const images = await packDemoImages();
  for (const [index, { title, expected, image }] of images.entries()) {
    const step = `[${index + 1}/${images.length}]`;
    display.say(`${step} building ${image.reference}, ${title}`);
    const built = await deps.engine.build(image);
    try {
      if (deps.signal.aborted) throw new Fault("INTERRUPTED", "interrupted; everything was torn down");
      display.say(`${step} analysing it for ${options.durationMs / 1000} s`);
      const report = await analyzeOne(built.reference, options, display, deps);
      results.push({ image: image.reference, title, expected, report });
      display.say(`${step} ${report.verdict.level}, score ${formatScore(report.verdict.score)}`);
    } finally {
      await built.remove();
    }
  }
  return results;
}

function analyzeOne(
  reference: string,
  options: DemoOptions,
  display: ProgressDisplay,
  deps: DemoDeps,
): Promise<Report> {
  return deps.analyze({
    source: { kind: "engine", name: reference },
    options: { durationMs: options.durationMs, env: [] },
    signatures: [],
    signal: deps.signal,
    onProgress: (progress) => display.update(progress),
  });
}

function formatResults(results: readonly DemoResult[], options: DemoOptions, terminal: Terminal): string {
  if (options.format === "json") {
    // Each document as `analyze --format json` prints it, so that both are equally harmless to show.
    const items = results.map(
      ({ image, title, expected, report }) =>
        `{"image": ${JSON.stringify(image)}, "title": ${JSON.stringify(title)}, "expected": ${JSON.stringify(expected)}, "report": ${renderJson(report).trimEnd()}}`,
    );
    return `[${items.join(",\n")}]\n`;
  }
  const style = { width: measureWidth(terminal), colour: mayColour(terminal, terminal.stdout) };
  const parts = results.map((result) => `${renderBrief(result.report, { ...style, name: result.image })}\n`);
  const lines = results.map(
    (result) =>
      `${isAsExpected(result) ? "✔ as expected" : "✖ NOT as expected"}  ${result.image}: ${result.report.verdict.level}, score ${formatScore(result.report.verdict.score)}, coverage.dropped ${result.report.coverage.dropped}\n`,
  );
  return [...parts, ...lines].join("");
}

function isAsExpected({ expected, report }: DemoResult): boolean {
  return report.verdict.level === expected;
}
