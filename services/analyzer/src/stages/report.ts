import { type Judgement, type PinnedImage, type Recording, Report } from "@airlock/contracts";
import type { Extraction } from "../extract/extraction.ts";
import type { Omitted } from "../report/cut-list.ts";
import { listDroppedFiles, listFiles } from "../report/report-files.ts";
import { listNetwork } from "../report/report-network.ts";
import { listProcesses } from "../report/report-processes.ts";

/** Entries kept of each list: a report is read by people and passed through pipelines; the events hold everything. */
export interface ReportBounds {
  readonly processes: number;
  readonly files: number;
  readonly droppedFiles: number;
  /** Of each list of `network`. */
  readonly network: number;
}

export const DEFAULT_REPORT_BOUNDS: ReportBounds = {
  processes: 5_000,
  files: 5_000,
  droppedFiles: 2_000,
  network: 2_000,
};

export interface ReportInput {
  readonly analysis: Report["analysis"];
  readonly extraction: Extraction;
  readonly judgement: Judgement;
  readonly artifacts: Report["artifacts"];
  readonly bounds?: Partial<ReportBounds>;
}

/**
 * Puts the report document together. Pure: the same input gives the same document. Throws a ZodError, a defect of ours, when
 * the outcome is no valid report; in particular there is none without coverage (I2). Text in it is the sample's own, raw.
 */
export function buildReport({ analysis, extraction, judgement, artifacts, bounds: given }: ReportInput): Report {
  const bounds = { ...DEFAULT_REPORT_BOUNDS, ...given };
  const { recording, events } = extraction;
  const omitted: Omitted = {};

  return Report.parse({
    schemaVersion: "1",
    analysis,
    image: describeImage(recording.image),
    plan: recording.plan,
    run: describeRun(recording),
    coverage: extraction.coverage,
    verdict: judgement.verdict,
    findings: judgement.findings,
    processes: listProcesses(extraction, bounds.processes, omitted),
    files: listFiles(events, recording.layer, bounds.files, omitted),
    droppedFiles: listDroppedFiles(recording.layer, extraction.programs, bounds.droppedFiles, omitted),
    network: listNetwork(extraction, bounds.network, omitted),
    syscalls: recording.trace.syscalls,
    output: recording.output,
    artifacts,
    omitted,
  } satisfies Report);
}

/** Layers and size are the pinned image's business; a report names what was judged and how it was set up. */
function describeImage({ diffIds: _diffIds, sizeBytes: _sizeBytes, ...image }: PinnedImage): Report["image"] {
  return image;
}

function describeRun({ startedAt, endedAt, windowMs, outcome }: Recording): Report["run"] {
  return { startedAt, endedAt, windowMs, outcome };
}
