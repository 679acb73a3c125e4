import type { Socket } from "node:net";
import type { SinkRecordOf } from "@airlock/contracts";
import { BOUNDS } from "./bounds.ts";
import { type Flow, plainAddress, unixTime } from "./flow.ts";

/** One accepted TCP connection, from accept to its line in the log. */
export class Connection {
  readonly socket: Socket;
  readonly flow: Flow;
  /** By first bytes; `silent` until there are any. */
  application = "silent";
  /** The same of what is inside TLS. */
  innerApplication = "";
  endedBy: SinkRecordOf<"tcp">["end"] = "sinkhole";
  /** Our own start-up probe: no line in the log. */
  unlogged = false;
  readonly #time = unixTime();
  readonly #begun = performance.now();
  #first: Buffer = Buffer.alloc(0);
  #layer = 0;

  constructor(socket: Socket, number: number) {
    this.socket = socket;
    this.flow = {
      protocol: "tcp",
      connection: number,
      sourceIp: plainAddress(socket.remoteAddress),
      sourcePort: socket.remotePort ?? 0,
      destinationIp: plainAddress(socket.localAddress),
      destinationPort: socket.localPort ?? 0,
    };
  }

  /** Keeps the first bytes of the innermost layer: what was said inside TLS says more than the handshake. */
  see(bytes: Buffer, layer: number): void {
    if (layer > this.#layer) {
      this.#layer = layer;
      this.#first = Buffer.alloc(0);
    }
    if (layer < this.#layer || this.#first.length >= BOUNDS.firstBytes) return;
    this.#first = Buffer.concat([this.#first, bytes.subarray(0, BOUNDS.firstBytes - this.#first.length)]);
  }

  name(application: string, layer: number): void {
    if (layer === 0) this.application = application;
    else this.innerApplication = application;
  }

  record(): SinkRecordOf<"tcp"> {
    return {
      time: this.#time,
      kind: "tcp",
      ...this.flow,
      application: this.application,
      innerApplication: this.innerApplication,
      first: this.#first.toString("base64"),
      bytesIn: this.socket.bytesRead,
      bytesOut: this.socket.bytesWritten,
      durationMs: Math.round(performance.now() - this.#begun),
      end: this.endedBy,
    };
  }
}
