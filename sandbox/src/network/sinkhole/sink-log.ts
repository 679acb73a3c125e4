import { writeSync } from "node:fs";
import type { SinkRecord, SinkRecordOf } from "@airlock/contracts";
import { BOUNDS } from "./bounds.ts";
import { unixTime } from "./flow.ts";

/** Kept free for the last line, so that the account always fits. */
const ACCOUNT_BYTES = 1024;

export type AccountFigure = "refusedConnections" | "droppedDatagrams" | "cutFields" | "failures";
type Writable = Exclude<SinkRecord, { kind: "account" }>;

/** The NDJSON log: bounded in all, exact about what it left out. A write that fails throws, and that ends the sinkhole. */
export class SinkLog {
  readonly #file: number;
  readonly #maxBytes: number;
  readonly #figures: Record<AccountFigure, number> = {
    refusedConnections: 0,
    droppedDatagrams: 0,
    cutFields: 0,
    failures: 0,
  };
  #bytes = 0;
  #written = 0;
  #unwritten = 0;
  #closed = false;

  /** `file` is an open descriptor. */
  constructor(file: number, maxBytes: number) {
    this.#file = file;
    this.#maxBytes = maxBytes;
  }

  get requests(): number {
    return this.#written + this.#unwritten;
  }

  get truncated(): boolean {
    return this.#unwritten > 0;
  }

  /** After `close` nothing is written any more. */
  write(record: Writable): void {
    if (this.#closed) return;
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    if (this.#bytes + line.length > this.#maxBytes - ACCOUNT_BYTES) {
      this.#unwritten++;
      return;
    }
    this.#append(line);
    this.#written++;
  }

  /** Adds to a figure of the closing account. */
  count(figure: AccountFigure, by = 1): void {
    this.#figures[figure] += by;
  }

  /** Cuts text to its bound; the cut is counted. */
  text(value: string, max: number = BOUNDS.textCharacters): string {
    if (value.length <= max) return value;
    this.#figures.cutFields++;
    return value.slice(0, max);
  }

  /** Writes the closing account. */
  close(): void {
    const account: SinkRecordOf<"account"> = {
      time: unixTime(),
      kind: "account",
      requests: this.requests,
      written: this.#written,
      unwritten: this.#unwritten,
      ...this.#figures,
    };
    this.#append(Buffer.from(`${JSON.stringify(account)}\n`));
    this.#closed = true;
  }

  #append(line: Buffer): void {
    let done = 0;
    while (done < line.length) done += writeSync(this.#file, line, done);
    this.#bytes += line.length;
  }
}
