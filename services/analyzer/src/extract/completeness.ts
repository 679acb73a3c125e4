import type { Coverage, Recording, UnknownReason, Verdict } from "@airlock/contracts";
import { type Behaviour, findDormancy } from "./dormancy.ts";

type Reason = Verdict["reasons"][number];

/** A tracer that beats less often than this was stalled, and nobody can say what it missed meanwhile. */
export const LONGEST_HEARTBEAT_GAP_MS = 5_000;

/** Without these there is no record of processes, files and traffic at all. */
const NEEDED_SENSORS = ["tracer", "capture", "sinkhole", "output", "layer"] as const;

/**
 * Says what keeps the evidence from being complete (design section 6); empty means that a run without findings may be called
 * benign (invariant I2). One reason per code, in the order of the closed list.
 */
export function assessCompleteness(recording: Recording, coverage: Coverage, behaviour: Behaviour): Reason[] {
  const found: Readonly<Record<UnknownReason, readonly string[]>> = {
    "events-dropped": findDroppedEvents(coverage),
    "capture-truncated": findCaptureHoles(recording, coverage),
    "sensor-died": findDeadSensors(recording, coverage),
    "never-started": findNeverStarted(recording),
    "stopped-early": recording.stoppedEarly ? ["the run was ended before its window was over"] : [],
    dormant: findDormancy(recording, behaviour),
    "limit-hit": findLimits(coverage),
    "entrypoint-unexercised": findUnexercised(coverage),
  };
  return Object.entries(found)
    .filter(([, details]) => details.length > 0)
    .map(([code, details]) => ({ code: code as UnknownReason, detail: details.join("; ") }));
}

function findDroppedEvents(coverage: Coverage): string[] {
  const details: string[] = [];
  if (coverage.dropped > 0) details.push(`${coverage.dropped} records were lost`);
  for (const [name, account] of [["all", coverage] as const, ...Object.entries(coverage.classes)]) {
    const accounted = account.delivered + account.suppressed + account.dropped;
    if (accounted !== account.counted) details.push(`${name}: ${account.counted} counted, ${accounted} accounted for`);
  }
  if (coverage.truncated.includes("trace")) details.push("the trace ends before the run did");
  if (coverage.truncated.includes("events")) details.push("events beyond the bound were not kept");
  return details;
}

function findCaptureHoles({ capture }: Recording, coverage: Coverage): string[] {
  const details: string[] = [];
  if (capture.truncated || coverage.truncated.includes("capture")) details.push("the packet capture is not whole");
  if (capture.droppedByKernel > 0) details.push(`${capture.droppedByKernel} packets were lost by the kernel`);
  if (coverage.truncated.includes("sink")) details.push("the sinkhole's log is not whole");
  return details;
}

function findDeadSensors({ trace }: Recording, coverage: Coverage): string[] {
  const details: string[] = [];
  for (const name of NEEDED_SENSORS) {
    if (!coverage.sensors.some((sensor) => sensor.name === name)) details.push(`${name}: absent`);
  }
  for (const { name, confirmed, aliveAtEnd, detail } of coverage.sensors) {
    const suffix = detail === "" ? "" : ` (${detail})`;
    if (!confirmed) details.push(`${name}: not confirmed before the start${suffix}`);
    else if (!aliveAtEnd) details.push(`${name}: not alive at the end${suffix}`);
  }
  if (trace.longestGapMs > LONGEST_HEARTBEAT_GAP_MS) {
    details.push(`tracer: no heartbeat for ${Math.round(trace.longestGapMs)} ms`);
  }
  return details;
}

function findNeverStarted({ trace, outcome }: Recording): string[] {
  return trace.started && outcome.kind !== "never-started" ? [] : ["no program of the image was ever executed"];
}

function findLimits(coverage: Coverage): string[] {
  return coverage.limits.map(({ limit, bound, affectedSample, detail }) => {
    const whom = affectedSample ? "changed the sample" : "cut the record";
    return `${limit} limit of ${bound} ${whom}${detail === "" ? "" : `: ${detail}`}`;
  });
}

function findUnexercised(coverage: Coverage): string[] {
  return coverage.entrypoints.filter(({ exercised }) => !exercised).map(({ id }) => `${id} was not run`);
}
