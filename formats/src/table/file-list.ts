import type { DroppedFile, Report, ReportFile } from "@airlock/contracts";
import { formatBytes, formatCount } from "../quantity.ts";
import { type Line, span, truncateLine } from "../styled-text.ts";
import { drawColumns, drawHeading } from "./frame.ts";

const SHOWN = 20;

/** Files left behind, with hashes, then what else was done to files. Plain reads stay in the JSON. */
export function drawFileList(report: Report, width: number): Line[] {
  const dropped = report.droppedFiles;
  const paths = new Set(dropped.map((file) => file.path));
  // A device is written to by every shell that throws something away.
  const touched = report.files.filter(
    (file) => !paths.has(file.path) && file.origin !== "virtual" && file.operations.some(isChange),
  );
  const total = dropped.length + (report.omitted["droppedFiles"] ?? 0);
  return [
    drawHeading(
      total === 0 ? "Files: nothing new or changed at the end" : `Files new or changed (${formatCount(total)})`,
      width,
    ),
    ...dropped.slice(0, SHOWN).flatMap((file) => drawDropped(file, width)),
    ...drawRest(total - Math.min(SHOWN, dropped.length)),
    ...drawTouched(touched, report.omitted["files"] ?? 0, width),
  ];
}

function drawDropped(file: DroppedFile, width: number): Line[] {
  const mark = file.change === "added" ? span("+ added    ", "warn") : span("~ changed  ", "warn");
  const kept = file.kept ? "" : "  content not kept";
  return [
    truncateLine([mark, span(file.path, "strong")], width),
    truncateLine([span(`  ${file.type}, ${formatBytes(file.size)}, mode ${file.mode}${kept}`, "muted")], width),
    truncateLine([span(`  sha256:${file.sha256}`, "code")], width),
  ];
}

function drawTouched(files: readonly ReportFile[], left: number, width: number): Line[] {
  if (files.length === 0) return [];
  const rows = files
    .slice(0, SHOWN)
    .map((file) => [
      file.operations.filter(isChange).join(","),
      file.path,
      file.bytesWritten > 0 ? formatBytes(file.bytesWritten) : "",
      file.origin === "image" ? "" : file.origin,
    ]);
  return [
    [span("Also touched", "strong")],
    ...drawColumns(rows, [{ max: 26 }, { grow: true }, { align: "right" }, { style: "muted" }], width - 2).map(
      (line): Line => [span("  "), ...line],
    ),
    ...drawRest(files.length + left - rows.length),
  ];
}

function drawRest(hidden: number): Line[] {
  return hidden > 0 ? [[span(`  … ${formatCount(hidden)} more`, "muted")]] : [];
}

function isChange(operation: ReportFile["operations"][number]): boolean {
  return operation !== "read" && operation !== "executed";
}
