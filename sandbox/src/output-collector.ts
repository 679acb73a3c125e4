import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { CapturedOutput, LimitHit } from "@airlock/contracts";
import type { z } from "zod";
import { OutputFrames, type OutputName } from "./docker/output-frames.ts";

type Captured = z.infer<typeof CapturedOutput>;

/**
 * Reads both outputs to their end, keeps the head of each and counts the rest. Always reads on: an output that nobody
 * drains would stop the sample, and a sample that can stop the clock of its own analysis has won.
 */
export class OutputCollector {
  readonly #limit: number;
  readonly #heads: Readonly<Record<OutputName, Head>>;
  readonly #frames = new OutputFrames((name, part) => this.#heads[name].add(part));
  #closed: Promise<void> = Promise.resolve();
  #hasClosed = false;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.#heads = { stdout: new Head(limitBytes), stderr: new Head(limitBytes) };
  }

  /** Takes over the engine's stream of both outputs. */
  read(stream: Readable): void {
    stream.on("data", (chunk: Buffer) => this.#frames.read(chunk));
    this.#closed = new Promise((resolve) => {
      const close = () => {
        this.#hasClosed = true;
        resolve();
      };
      stream.on("end", close).on("close", close).on("error", close);
    });
  }

  get hasClosed(): boolean {
    return this.#hasClosed;
  }

  /**
   * True once the engine has closed the stream, which it does when the container has ended, and all in it came whole; false when
   * it broke off, or after `timeoutMs`.
   */
  async closes(timeoutMs: number): Promise<boolean> {
    await Promise.race([this.#closed, sleep(timeoutMs, undefined, { ref: false })]);
    return this.#hasClosed && this.#frames.whole;
  }

  result(): Readonly<Record<OutputName, Captured>> {
    return { stdout: this.#heads.stdout.result(), stderr: this.#heads.stderr.result() };
  }

  limits(): LimitHit[] {
    return Object.entries(this.result())
      .filter(([, { truncated }]) => truncated)
      .map(([name, { bytes }]) => ({
        limit: "output",
        bound: this.#limit,
        affectedSample: false,
        detail: `${bytes} bytes of ${name}`,
      }));
  }
}

/** The beginning of one output, in one piece of memory: a sample may write a byte at a time. */
class Head {
  readonly #kept: Buffer;
  #keptBytes = 0;
  #bytes = 0;

  constructor(limit: number) {
    this.#kept = Buffer.allocUnsafe(limit);
  }

  add(part: Buffer): void {
    this.#bytes += part.length;
    this.#keptBytes += part.copy(this.#kept, this.#keptBytes);
  }

  result(): Captured {
    return {
      text: this.#kept.toString("utf8", 0, this.#keptBytes),
      bytes: this.#bytes,
      truncated: this.#bytes > this.#keptBytes,
    };
  }
}
