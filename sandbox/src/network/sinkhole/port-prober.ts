import { connect } from "node:net";
import { BOUNDS } from "./bounds.ts";
import { plainAddress, unixTime } from "./flow.ts";
import type { SinkLog } from "./sink-log.ts";

/** Waits before each attempt: a server needs a moment to listen, a slow one many seconds. */
const WAITS_MS = [200, 500, 1000, 2000, 4000, 8000, 15_000];
const ATTEMPT_MS = 3000;
const ANSWER_MS = 3000;

interface Outcome {
  readonly connected: boolean;
  readonly sourcePort: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly first: Buffer;
  readonly error: string;
}

export interface ProbeTarget {
  readonly address: string;
  readonly from: string;
  readonly ports: readonly number[];
}

/** Asks each exposed port for `/` until one attempt gets a connection, so that a server has something to answer. */
export class PortProber {
  readonly #log: SinkLog;
  readonly #target: ProbeTarget;
  readonly #open = new Map<number, { time: string; attempts: number; last: Outcome }>();
  #stopped = false;

  constructor(log: SinkLog, target: ProbeTarget) {
    this.#log = log;
    this.#target = target;
  }

  /** Begins; later calls do nothing for ports already under way. */
  start(): void {
    for (const port of this.#target.ports) {
      if (this.#open.has(port) || this.#stopped) continue;
      this.#open.set(port, { time: unixTime(), attempts: 0, last: failure("not tried yet") });
      void this.#probe(port);
    }
  }

  /** Writes the lines of ports that have not answered. */
  stop(): void {
    this.#stopped = true;
    for (const port of this.#open.keys()) this.#settle(port);
  }

  async #probe(port: number): Promise<void> {
    for (const wait of WAITS_MS) {
      await new Promise((resolve) => setTimeout(resolve, wait).unref());
      const state = this.#open.get(port);
      if (!state || this.#stopped) return;
      state.time = unixTime();
      state.attempts++;
      state.last = await ask(this.#target, port);
      if (state.last.connected) break;
    }
    this.#settle(port);
  }

  #settle(port: number): void {
    const state = this.#open.get(port);
    if (!state) return;
    this.#open.delete(port);
    const { last } = state;
    this.#log.write({
      time: state.time,
      kind: "probe",
      protocol: "tcp",
      connection: 0,
      sourceIp: this.#target.from,
      sourcePort: last.sourcePort,
      destinationIp: this.#target.address,
      destinationPort: port,
      attempts: state.attempts,
      connected: last.connected,
      first: last.first.toString("base64"),
      bytesIn: last.bytesIn,
      bytesOut: last.bytesOut,
      error: this.#log.text(last.error, 256),
    });
  }
}

function ask(target: ProbeTarget, port: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port, localAddress: target.from });
    let connected = false;
    let sourcePort = 0;
    let first: Buffer = Buffer.alloc(0);
    let error = "";
    const deadline = setTimeout(() => socket.destroy(new Error("no answer in time")), ATTEMPT_MS);
    socket.on("connect", () => {
      connected = true;
      sourcePort = socket.localPort ?? 0;
      deadline.refresh();
      socket.setTimeout(ANSWER_MS, () => socket.destroy());
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${plainAddress(target.address)}:${port}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.on("data", (chunk: Buffer) => {
      first = first.length < BOUNDS.firstBytes ? Buffer.concat([first, chunk]).subarray(0, BOUNDS.firstBytes) : first;
      if (socket.bytesRead > BOUNDS.probeBytes) socket.destroy();
    });
    socket.on("error", (problem) => {
      error = problem.message;
    });
    socket.on("close", () => {
      clearTimeout(deadline);
      resolve({ connected, sourcePort, bytesIn: socket.bytesRead, bytesOut: socket.bytesWritten, first, error });
    });
  });
}

function failure(error: string): Outcome {
  return { connected: false, sourcePort: 0, bytesIn: 0, bytesOut: 0, first: Buffer.alloc(0), error };
}
