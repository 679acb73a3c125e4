import type { AnalysisProgress, Stage } from "./analysis-request.ts";

/** Runs stages one after another, tells of each, and remembers how long each took. `now` is monotonic, in milliseconds. */
export class StageClock {
  readonly timings: Record<string, number> = {};
  readonly #now: () => number;
  readonly #tell: (progress: AnalysisProgress) => void;

  constructor(now: () => number, tell: (progress: AnalysisProgress) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  async run<T>(stage: Stage, work: (tell: (figures: Figures) => void) => T | Promise<T>): Promise<T> {
    const start = this.#now();
    const tell = (figures: Figures) => this.#tell({ stage, elapsedMs: this.#now() - start, ...figures });
    tell({ events: 0, lost: 0 });
    try {
      return await work(tell);
    } finally {
      this.timings[stage] = Math.round(this.#now() - start);
    }
  }
}

export interface Figures {
  readonly events: number;
  readonly lost: number;
  readonly detail?: string;
}
