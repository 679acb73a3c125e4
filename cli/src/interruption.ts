import { Fault } from "@airlock/contracts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Turns the signals that mean "stop" into one abort. Teardown then runs to its end: a second Ctrl-C is answered with a
 * word, not with leaving containers and namespaces behind (I4).
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onSignal: () => void;

  constructor(say: (message: string) => void) {
    this.#onSignal = () => {
      if (this.#controller.signal.aborted) {
        say("already tearing down, a moment please");
        return;
      }
      say("interrupted, tearing down");
      this.#controller.abort(new Fault("INTERRUPTED", "interrupted; everything was torn down"));
    };
    for (const name of SIGNALS) process.on(name, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Gives the signals back to their default meaning. */
  close(): void {
    for (const name of SIGNALS) process.off(name, this.#onSignal);
  }
}
