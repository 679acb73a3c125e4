import type { BehaviourEvent, Coverage, Recording } from "@airlock/contracts";
import type { FlowObservation } from "../packets/network-observations.ts";
import type { ExecutedProgram } from "./executed-programs.ts";
import type { SampleProcess } from "./process-table.ts";

/** A flow of the capture with what the rest of the record knows about it. */
export interface ExtractedFlow {
  readonly flow: FlowObservation;
  /** Key of the process that owns it; null when none or several could. */
  readonly process: string | null;
  /** Name whose answer gave the address before. */
  readonly hostname: string | null;
}

/** What a recorded run says, in the form that judge and report take. */
export interface Extraction {
  readonly recording: Recording;
  /** In order, numbered from `e1`. */
  readonly events: readonly BehaviourEvent[];
  /** In order of their start. Times are the tracer's; see `bootToUnixNs` of the recording. */
  readonly processes: readonly SampleProcess[];
  readonly flows: readonly ExtractedFlow[];
  readonly coverage: Coverage;
  /** Programs and scripts that ran and are not in the image, by content. */
  readonly programs: readonly ExecutedProgram[];
  /** Records that repeated an event exactly and were folded into it: harmless, and not lost. */
  readonly collapsed: number;
}
