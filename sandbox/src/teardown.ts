import { Fault, toFault } from "@airlock/contracts";

/** In this order: sensors close their books, then containers go, then what these lived in (network, control groups, volumes). */
const STAGES = ["sensors", "containers", "surroundings"] as const;
export type TeardownStage = (typeof STAGES)[number];

interface Step {
  readonly what: string;
  readonly stage: TeardownStage;
  readonly undo: () => Promise<unknown>;
  undone: Promise<unknown> | null;
}

/**
 * What has to be undone of a run. Each thing is noted before it is begun, so that one that is half built, or still coming up
 * when the end comes, is undone too. The steps of a stage run together, and each runs whatever became of the others.
 */
export class Teardown {
  readonly #steps: Step[] = [];
  #running: Promise<void> | null = null;

  /** Notes what has begun; `undo` gets it once it is there, or undefined when it failed and may have left a part of itself. */
  begun<T>(
    what: string,
    stage: TeardownStage,
    coming: Promise<T>,
    undo: (thing: T | undefined) => Promise<unknown> | undefined,
  ): Promise<T> {
    const settled = coming.catch(() => undefined);
    this.#steps.push({ what, stage, undo: async () => undo(await settled), undone: null });
    return coming;
  }

  /** Begins to undo some parts already; whether that went well shows in `run`. */
  ahead(...whats: readonly string[]): void {
    for (const step of this.#steps) if (whats.includes(step.what)) undoOnce(step).catch(() => undefined);
  }

  /** Undoes all, once. Rejects with TEARDOWN_FAILED when a part could not be removed. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    const failures: string[] = [];
    for (const stage of STAGES) failures.push(...(await this.#runStage(stage)));
    if (failures.length > 0) throw new Fault("TEARDOWN_FAILED", `left behind: ${failures.join("; ")}`);
  }

  async #runStage(stage: TeardownStage): Promise<string[]> {
    const steps = this.#steps.filter((step) => step.stage === stage);
    const results = await Promise.allSettled(steps.map(undoOnce));
    return results.flatMap((result, index) =>
      result.status === "rejected" ? [`${steps[index]?.what}: ${toFault(result.reason).message}`] : [],
    );
  }
}

function undoOnce(step: Step): Promise<unknown> {
  step.undone ??= step.undo();
  return step.undone;
}
