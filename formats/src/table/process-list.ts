import type { Report, ReportProcess } from "@airlock/contracts";
import { layOutProcesses, type ProcessRow } from "../process-tree.ts";
import { formatCount } from "../quantity.ts";
import { type Line, lineWidth, span, truncateLine } from "../styled-text.ts";
import { drawHeading } from "./frame.ts";

const SHOWN_ROWS = 60;

/** The process tree: what ran, where its program came from, and how it ended. */
export function drawProcessList(report: Report, width: number): Line[] {
  const { rows, omitted } = layOutProcesses(report, SHOWN_ROWS);
  const left = report.omitted["processes"] ?? 0;
  return [
    drawHeading(`Processes (${formatCount(report.processes.length + left)})`, width),
    ...rows.map((row) => drawRow(row, width)),
    ...(omitted + left > 0 ? [[span(`… ${formatCount(omitted + left)} more processes not shown`, "muted")]] : []),
  ];
}

function drawRow(row: ProcessRow, width: number): Line {
  const { process } = row;
  const mark = process.contentChanged === false ? "" : (ORIGIN_MARKS[process.origin] ?? "");
  const left: Line = [
    span(drawBranches(row, width), "muted"),
    ...(mark === "" ? [] : [span(`▲ ${mark} `, "warn")]),
    span(process.commandLine || process.image || "(no command line)", null, 600),
    ...(row.repeats > 1 ? [span(` ×${row.repeats}`, "strong")] : []),
  ];
  const right: Line = [
    span(describeEnd(process), process.signal === null && process.exitCode === 0 ? "muted" : "code"),
  ];
  const room = Math.max(20, width - lineWidth(right) - 2);
  const cut = truncateLine(left, room);
  const gap = " ".repeat(Math.max(2, width - lineWidth(cut) - lineWidth(right)));
  return truncateLine([...cut, span(gap), ...right], width);
}

/** A sample chooses the depth, so deep rows show only their last levels and how deep they are. */
function drawBranches({ continues, depth }: ProcessRow, width: number): string {
  if (depth === 0) return "";
  const levels = Math.max(4, Math.floor(width / 8));
  const shown = continues.slice(-levels);
  const skipped = depth - shown.length;
  const bars = shown.slice(0, -1).map((more) => (more ? "│  " : "   "));
  return `${skipped > 0 ? `…${skipped} ` : ""}${bars.join("")}${shown.at(-1) === true ? "├─ " : "└─ "}`;
}

function describeEnd(process: ReportProcess): string {
  const end =
    process.signal !== null
      ? process.signal
      : process.exitCode !== null
        ? `exit ${process.exitCode}`
        : process.endedAtMs === null
          ? "running"
          : "ended";
  return `pid ${process.pid}  ${end}`;
}

/** Programs that came with the image carry no mark; everything else says where it came from. */
const ORIGIN_MARKS: Readonly<Record<string, string>> = {
  "copied-up": "changed",
  upper: "new file",
  volume: "volume",
  memfd: "memory only",
  deleted: "deleted file",
};
