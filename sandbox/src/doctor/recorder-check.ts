import type { Fault } from "@airlock/contracts";
import { runCanary } from "../recorder/canary.ts";
import { Recorder } from "../recorder/recorder.ts";
import { type CheckOutcome, ok } from "./check.ts";

/** Loads the recorder and demands the exact events of a known program: one that loads may still see nothing. */
export async function lookAtRecorder(): Promise<CheckOutcome> {
  const begin = performance.now();
  let death: Fault | null = null;
  const recorder = await Recorder.start({
    onDeath: (fault) => {
      death = fault;
    },
  });
  const loadMs = performance.now() - begin;
  try {
    const { events, elapsedMs } = await runCanary(recorder);
    if (death !== null) throw death;
    const times = `loaded in ${Math.round(loadMs)} ms, canary took ${Math.round(elapsedMs)} ms`;
    return ok(`build ${recorder.build.slice(0, 12)}, all ${events} events of the canary seen; ${times}`);
  } finally {
    await recorder.close();
  }
}
