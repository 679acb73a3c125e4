/** pcap-parser 0.2.1 ships no types; this is the part of it that we use. */
declare module "pcap-parser" {
  import type { EventEmitter } from "node:events";
  import type { Readable } from "node:stream";

  interface PcapPacket {
    readonly header: {
      readonly timestampSeconds: number;
      readonly timestampMicroseconds: number;
      readonly capturedLength: number;
      readonly originalLength: number;
    };
    /** A view into the parser's buffer. */
    readonly data: Buffer;
  }

  interface PcapParser extends EventEmitter {
    on(event: "packet", listener: (packet: PcapPacket) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "end", listener: () => void): this;
  }

  export function parse(input: Readable): PcapParser;
}
