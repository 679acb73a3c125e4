import type { Report } from "@airlock/contracts";
import { formatBytes } from "../quantity.ts";
import { type Line, span, truncateLine } from "../styled-text.ts";
import { drawHeading } from "./frame.ts";

const SHOWN_LINES = 8;

/** The first lines that the sample wrote to its standard streams. */
export function drawOutputHead(report: Report, width: number): Line[] {
  const { stdout, stderr } = report.output;
  if (stdout.bytes + stderr.bytes === 0) return [drawHeading("Output: none", width)];
  return [
    drawHeading("Output", width),
    ...drawStream("standard output", stdout, width),
    ...drawStream("standard error", stderr, width),
  ];
}

function drawStream(name: string, output: Report["output"]["stdout"], width: number): Line[] {
  if (output.bytes === 0) return [];
  // A last newline ends a line, it doesn't begin one.
  const lines = output.text.replace(/\r?\n$/, "").split(/\r?\n/);
  const hidden = lines.length - SHOWN_LINES;
  const cut = output.truncated ? ", the rest was not kept" : "";
  return [
    [span(name, "strong"), span(`  ${formatBytes(output.bytes)}${cut}`, "muted")],
    ...lines.slice(0, SHOWN_LINES).map((line) => truncateLine([span("  │ ", "muted"), span(line)], width)),
    ...(hidden > 0 ? [[span(`  … ${hidden} more lines`, "muted")]] : []),
  ];
}
