import type { DetonationPlan, PinnedImage } from "@airlock/contracts";
import type { RunName, Sandbox } from "@airlock/sandbox";
import type { Figures } from "../stage-clock.ts";

export interface DetonateDeps {
  readonly sandbox: Sandbox;
  readonly runName: RunName;
  readonly runFolder: string;
  readonly signal: AbortSignal;
  readonly tell: (figures: Figures) => void;
  /** The sample has started. May be called more than once. */
  readonly onRunning: () => void;
}

/** Runs the image as planned and leaves the recorded run in the run folder. Rejects with faults only. */
export async function detonate(plan: DetonationPlan, image: PinnedImage, deps: DetonateDeps): Promise<void> {
  const { sandbox, runName, runFolder, signal, tell, onRunning } = deps;
  await sandbox.detonate(plan, image, {
    runName,
    runFolder,
    signal,
    onProgress: ({ events, lost, phase }) => {
      tell({ events, lost, detail: phase });
      if (phase === "running") onRunning();
    },
  });
}
