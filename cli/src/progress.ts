import type { AnalysisProgress, Stage } from "@airlock/analyzer";
import { printable } from "@airlock/contracts";
import { mayAnimate, type Terminal } from "./terminal.ts";

/** Tells a person what is going on. Everything goes to standard error; `close` gives the terminal back as it was. */
export interface ProgressDisplay {
  update(progress: AnalysisProgress): void;
  /** A line that stays. */
  say(message: string): void;
  close(): void;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly windowMs: number;
}

/** A line that rewrites itself on a terminal, plain lines in logs, nothing when quiet. */
export function openProgress(terminal: Terminal, options: ProgressOptions): ProgressDisplay {
  if (options.quiet) return { update: () => undefined, say: () => undefined, close: () => undefined };
  if (options.progress && mayAnimate(terminal)) return new LiveProgress(terminal, options.windowMs);
  const plain = new PlainProgress(terminal, options.windowMs);
  return options.progress
    ? plain
    : { update: () => undefined, say: (message) => plain.say(message), close: () => undefined };
}

const DOING: Readonly<Record<Stage, string>> = {
  acquire: "getting the image",
  arrange: "planning the run",
  detonate: "running the image",
  extract: "reading the record",
  judge: "judging",
  report: "writing the report",
};

/** One line when a stage begins, and one now and then while the sample runs. */
class PlainProgress implements ProgressDisplay {
  readonly #terminal: Terminal;
  readonly #windowMs: number;
  #stage: Stage | null = null;
  #nextAtMs = REPEAT_MS;

  constructor(terminal: Terminal, windowMs: number) {
    this.#terminal = terminal;
    this.#windowMs = windowMs;
  }

  update(progress: AnalysisProgress): void {
    if (progress.stage !== this.#stage) {
      this.#stage = progress.stage;
      this.#nextAtMs = REPEAT_MS;
      this.say(`${progress.stage}: ${DOING[progress.stage]}${describeWindow(progress.stage, this.#windowMs)}`);
    } else if (progress.elapsedMs >= this.#nextAtMs) {
      this.#nextAtMs += REPEAT_MS;
      this.say(`${progress.stage}: ${describeFigures(progress)}`);
    }
  }

  say(message: string): void {
    this.#terminal.stderr.write(`airlock: ${printable(message, 500)}\n`);
  }

  close(): void {
    // Nothing to restore: every line is finished.
  }
}

const REPEAT_MS = 5000;
const FRAME_MS = 100;
const BAR_CELLS = 24;
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const CLEAR_LINE = "\r\u001b[2K";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

/** Redraws one line ten times a second, on a clock of its own so that a stage without news still looks alive. */
class LiveProgress implements ProgressDisplay {
  readonly #terminal: Terminal;
  readonly #windowMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #restore: () => void;
  #latest: AnalysisProgress | null = null;
  #latestAt = 0;
  #frame = 0;
  #open = true;

  constructor(terminal: Terminal, windowMs: number) {
    this.#terminal = terminal;
    this.#windowMs = windowMs;
    this.#restore = () => this.close();
    // A hidden cursor must come back however the process ends.
    process.once("exit", this.#restore);
    terminal.stderr.write(HIDE_CURSOR);
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  update(progress: AnalysisProgress): void {
    const changed = progress.stage !== this.#latest?.stage;
    this.#latest = progress;
    this.#latestAt = performance.now();
    if (changed) this.#draw();
  }

  say(message: string): void {
    this.#terminal.stderr.write(`${CLEAR_LINE}airlock: ${printable(message, 500)}\n`);
    this.#draw();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#timer);
    process.off("exit", this.#restore);
    this.#terminal.stderr.write(`${CLEAR_LINE}${SHOW_CURSOR}`);
  }

  #draw(): void {
    if (!this.#open || this.#latest === null) return;
    const elapsedMs = this.#latest.elapsedMs + (performance.now() - this.#latestAt);
    this.#frame = (this.#frame + 1) % SPINNER.length;
    const bar = this.#latest.stage === "detonate" ? ` ${drawBar(elapsedMs / this.#windowMs)}` : "";
    const figures = describeFigures({ ...this.#latest, elapsedMs });
    const line = `${SPINNER[this.#frame]} ${this.#latest.stage.padEnd(8)}${bar} ${figures}`;
    this.#terminal.stderr.write(
      `${CLEAR_LINE}${line.slice(0, Math.max(10, (this.#terminal.stderr.columns ?? 80) - 1))}`,
    );
  }
}

function drawBar(share: number): string {
  const filled = Math.min(BAR_CELLS, Math.max(0, Math.floor(share * BAR_CELLS)));
  return `${"█".repeat(filled)}${"░".repeat(BAR_CELLS - filled)}`;
}

function describeWindow(stage: Stage, windowMs: number): string {
  return stage === "detonate" ? ` for up to ${windowMs / 1000} s` : "";
}

function describeFigures(progress: AnalysisProgress): string {
  const seconds = `${(progress.elapsedMs / 1000).toFixed(1)} s`;
  const figures =
    progress.events > 0 || progress.stage === "detonate" ? `  ${progress.events} events  ${progress.lost} lost` : "";
  const detail = progress.detail === undefined ? "" : `  ${printable(progress.detail, 200)}`;
  return `${seconds}${figures}${detail}`;
}
