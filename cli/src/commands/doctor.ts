import { printable } from "@airlock/contracts";
import type { CheckResult } from "@airlock/sandbox";
import picocolors from "picocolors";
import { EXIT_STATUS, type ExitStatus } from "../exit-status.ts";
import { mayColour, type Terminal, writeText } from "../terminal.ts";

export interface DoctorOptions {
  readonly format: "table" | "json";
}

/** Examines the host and tells each result to `onResult` as it comes. */
export type ExamineHost = (onResult: (result: CheckResult) => void) => Promise<CheckResult[]>;

/** `airlock doctor`: one line a check, and below each failure what to do. Succeeds when nothing failed. */
export async function runDoctor(
  options: DoctorOptions,
  terminal: Terminal,
  examineHost: ExamineHost,
): Promise<ExitStatus> {
  const colour = mayColour(terminal, terminal.stdout);
  const table = options.format === "table";
  const results = await examineHost((result) => {
    if (table) terminal.stdout.write(formatResult(result, colour));
  });
  await writeText(terminal.stdout, table ? formatSummary(results, colour) : `${JSON.stringify(results, null, 2)}\n`);
  return results.some((result) => result.status === "fail") ? EXIT_STATUS.failed : EXIT_STATUS.allowed;
}

const MARKS: Readonly<Record<CheckResult["status"], string>> = {
  ok: "✔ ok  ",
  warn: "▲ warn",
  fail: "✖ fail",
  skip: "○ skip",
};

const NAME_WIDTH = 19;

function formatResult(result: CheckResult, colour: boolean): string {
  const paint = picocolors.createColors(colour);
  const paints = { ok: paint.green, warn: paint.yellow, fail: paint.red, skip: paint.dim };
  const mark = paints[result.status](MARKS[result.status]);
  const line = `${mark}  ${result.name.padEnd(NAME_WIDTH)} ${printable(result.measured, 500)}\n`;
  return result.advice === undefined
    ? line
    : `${line}        ${" ".repeat(NAME_WIDTH)} → ${printable(result.advice, 500)}\n`;
}

function formatSummary(results: readonly CheckResult[], colour: boolean): string {
  const paint = picocolors.createColors(colour);
  const count = (status: CheckResult["status"]) => results.filter((result) => result.status === status).length;
  const failed = count("fail");
  const figures = `ok ${count("ok")}, warnings ${count("warn")}, failed ${failed}, skipped ${count("skip")}`;
  return failed === 0 ? paint.green(`✔ ready to analyse (${figures})\n`) : paint.red(`✖ not ready (${figures})\n`);
}
