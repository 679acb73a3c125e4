import type { AnalysisRequest } from "@airlock/analyzer";
import {
  type Decision,
  decide,
  Fault,
  type ImageSource,
  Platform,
  type Policy,
  parseImageSource,
  printable,
  type Report,
} from "@airlock/contracts";
import type { AnalyzeImage } from "../analysis.ts";
import { type ExitStatus, toExitStatus } from "../exit-status.ts";
import { Interruption } from "../interruption.ts";
import { prepareOutputFile } from "../output-file.ts";
import { openProgress } from "../progress.ts";
import { formatReport, type ResultFormat } from "../result-format.ts";
import { mayColour, measureWidth, type Terminal, writeText } from "../terminal.ts";

export interface AnalyzeOptions extends Omit<AnalysisRequest, "source" | "options" | "signal" | "onProgress"> {
  readonly image: string;
  readonly options: AnalysisRequest["options"] & { readonly durationMs: number };
  readonly format: ResultFormat;
  readonly output?: string;
  readonly policy: Policy;
  readonly quiet: boolean;
  readonly progress: boolean;
}

/** `airlock analyze`: the report on standard output and nothing else there. Throws Faults. */
export async function runAnalyze(
  options: AnalyzeOptions,
  terminal: Terminal,
  analyze: AnalyzeImage,
): Promise<ExitStatus> {
  const source = parseImageSource(options.image);
  checkPlatform(options.options.platform);
  const output = options.output === undefined ? null : await prepareOutputFile(options.output);
  const report = await analyzeWithProgress(source, options, terminal, analyze);
  const toFile = output !== null;
  const text = await formatReport(report, options.format, {
    width: toFile ? 100 : measureWidth(terminal),
    colour: !toFile && mayColour(terminal, terminal.stdout),
  });
  await (output === null ? writeText(terminal.stdout, text) : output.write(text));
  const decision = decide(report, options.policy);
  if (!options.quiet) await writeText(terminal.stderr, await describeDecision(report, decision, options.output));
  return toExitStatus(decision);
}

function checkPlatform(platform: string | undefined): void {
  if (platform === undefined || Platform.safeParse(platform).success) return;
  throw new Fault("USAGE", `"${platform}" is not a platform`, { hint: "such as linux/amd64" });
}

async function analyzeWithProgress(
  source: ImageSource,
  options: AnalyzeOptions,
  terminal: Terminal,
  analyze: AnalyzeImage,
): Promise<Report> {
  const display = openProgress(terminal, {
    quiet: options.quiet,
    progress: options.progress,
    windowMs: options.options.durationMs,
  });
  const interruption = new Interruption((message) => display.say(message));
  try {
    return await analyze({
      source,
      options: options.options,
      signatures: options.signatures,
      ...(options.artifactsFolder === undefined ? {} : { artifactsFolder: options.artifactsFolder }),
      signal: interruption.signal,
      onProgress: (progress) => {
        display.update(progress);
        // While there is nothing else to do; they are wanted as soon as the report is there.
        if (progress.detail === "running") void import("@airlock/formats");
      },
    });
  } finally {
    interruption.close();
    display.close();
  }
}

/** One line for who reads the log of a pipeline and not the report. */
async function describeDecision(report: Report, decision: Decision, output: string | undefined): Promise<string> {
  const { formatScore } = await import("@airlock/formats");
  const { level, score } = report.verdict;
  const where = output === undefined ? "" : `; report written to ${printable(output)}`;
  const why = decision.decision === "incomplete" ? ` (${decision.reason})` : "";
  const word = DECISION_WORDS[decision.decision];
  return `airlock: ${word}${why}: ${level}, score ${formatScore(score)}, ${report.image.digest}${where}\n`;
}

const DECISION_WORDS = { allow: "allowed", deny: "denied", incomplete: "incomplete evidence" } as const;
