import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { RunName } from "../run-name.ts";
import { type NativeProgram, nativeProgram, SYSTEM_ENVIRONMENT } from "./native-program.ts";

const KEPT_STDERR = 8192;
const FIRST_UID = 1_900_000_000;
const UIDS = 100_000_000;

/**
 * One of our programs around a run. It dies with this process (the native side asks the kernel for that), but not of a Ctrl-C
 * in the terminal, which reaches the whole foreground group: it is in a session of its own.
 */
export class ChildProgram {
  readonly process: ChildProcess;
  /** Resolves at the end, however it came; null code when killed or never started. */
  readonly exited: Promise<number | null>;
  #stderr = "";
  #ended = false;

  constructor(program: NativeProgram, args: readonly string[], stdio: SpawnOptions["stdio"]) {
    this.process = spawn(nativeProgram(program), args, {
      stdio,
      env: SYSTEM_ENVIRONMENT,
      cwd: "/",
      detached: true,
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    this.exited = new Promise((resolve) => {
      this.process.once("error", (error) => {
        this.#stderr += error.message;
        this.#ended = true;
        resolve(null);
      });
      this.process.once("exit", () => {
        this.#ended = true;
      });
      // Not `exit`: what it wrote last has been read by then.
      this.process.once("close", (code) => resolve(code));
    });
  }

  get alive(): boolean {
    return !this.#ended;
  }

  /** Last words, bounded. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Ends it at once if it has not ended by itself within `graceMs`. */
  async end(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.process.kill("SIGKILL"), graceMs);
    await this.exited;
    clearTimeout(timer);
  }
}

/** A user id that belongs to nobody (see systemd's UIDS-GIDS) and to this run alone: programs of two runs can't touch each other. */
export function uidOf(runName: RunName): number {
  return FIRST_UID + (Number.parseInt(runName.slice(-8), 16) % UIDS);
}

/** Rejects after `ms`, so that nothing waits for ever. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
