import { type Duplex, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { CapturedOutput, LimitHit } from "@airlock/contracts";
import type { z } from "zod";

/** The part of the engine client that takes its multiplexed stream apart. */
interface Demultiplexer {
  demuxStream(stream: Duplex, stdout: Writable, stderr: Writable): void;
}

/**
 * Reads both outputs to their end, keeps the head of each and counts the rest. Always reads on: an output that nobody
 * drains would stop the sample, and a sample that can stop the clock of its own analysis has won.
 */
export class OutputCollector {
  readonly #limit: number;
  readonly #stdout: HeadKeeper;
  readonly #stderr: HeadKeeper;
  #closed: Promise<void> = Promise.resolve();
  #hasClosed = false;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.#stdout = new HeadKeeper(limitBytes);
    this.#stderr = new HeadKeeper(limitBytes);
  }

  read(modem: Demultiplexer, stream: Duplex): void {
    modem.demuxStream(stream, this.#stdout, this.#stderr);
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

  /** True once the engine has closed the stream, which it does when the container has ended; false after `timeoutMs`. */
  async closes(timeoutMs: number): Promise<boolean> {
    await Promise.race([this.#closed, sleep(timeoutMs, undefined, { ref: false })]);
    return this.#hasClosed;
  }

  result(): { stdout: z.infer<typeof CapturedOutput>; stderr: z.infer<typeof CapturedOutput> } {
    return { stdout: this.#stdout.result(), stderr: this.#stderr.result() };
  }

  limits(): LimitHit[] {
    return [["stdout", this.#stdout.result()] as const, ["stderr", this.#stderr.result()] as const].flatMap(
      ([name, { bytes, truncated }]) =>
        truncated
          ? [
              {
                limit: "output" as const,
                bound: this.#limit,
                affectedSample: false,
                detail: `${bytes} bytes of ${name}`,
              },
            ]
          : [],
    );
  }
}

class HeadKeeper extends Writable {
  readonly #limit: number;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #bytes = 0;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#bytes += chunk.length;
    const room = this.#limit - this.#keptBytes;
    if (room > 0) {
      const part = Buffer.from(chunk.subarray(0, room));
      this.#kept.push(part);
      this.#keptBytes += part.length;
    }
    done();
  }

  result(): z.infer<typeof CapturedOutput> {
    return {
      text: Buffer.concat(this.#kept).toString("utf8"),
      bytes: this.#bytes,
      truncated: this.#bytes > this.#keptBytes,
    };
  }
}
