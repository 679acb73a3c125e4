import { type Check, type CheckResult, runChecks } from "./check.ts";
import { listEngineChecks } from "./engine-checks.ts";
import { HOST_CHECKS } from "./host-checks.ts";
import { lookAtRecorder } from "./recorder-check.ts";
import { lookAtSink } from "./sink-check.ts";

const WORKING_CHECKS: readonly Check[] = [
  { name: "recorder", needs: ["root", "kernel", "kernel types (BTF)", "control groups"], look: lookAtRecorder },
  { name: "sink", needs: ["root", "programs"], look: lookAtSink },
];

/**
 * Looks at everything on this host that an analysis needs, tells each result as it comes, and leaves nothing behind.
 * Never rejects: what a check throws is that check's result.
 */
export async function examineHost(onResult: (result: CheckResult) => void): Promise<CheckResult[]> {
  return runChecks([...HOST_CHECKS, ...listEngineChecks(), ...WORKING_CHECKS], onResult);
}
