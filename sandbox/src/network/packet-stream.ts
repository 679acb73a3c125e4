/**
 * Reads tcpdump's classic pcap stream (libpcap's savefile format) as it comes, packet by packet. The bytes of packets are the
 * sample's; the framing is tcpdump's, checked all the same, for a length that runs wild would have us wait for ever.
 */
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAX_PACKET = 262_144;

export interface PacketSink {
  /** Once, before any packet. */
  header(bytes: Buffer): void;
  /** Header and data of one packet, as they stand in the file; `data` is the part behind the header. */
  packet(bytes: Buffer, data: Buffer): void;
}

export class PacketStream {
  readonly #sink: PacketSink;
  #left: Buffer[] = [];
  #leftBytes = 0;
  /** Bytes that must be there before the next step. */
  #needed = FILE_HEADER;
  #begun = false;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  /** Throws when the stream is not what tcpdump writes. */
  read(chunk: Buffer): void {
    this.#left.push(chunk);
    this.#leftBytes += chunk.length;
    if (this.#leftBytes < this.#needed) return;
    let bytes = this.#left.length === 1 ? chunk : Buffer.concat(this.#left, this.#leftBytes);
    for (let used = this.#step(bytes); used > 0; used = this.#step(bytes)) bytes = bytes.subarray(used);
    this.#left = bytes.length === 0 ? [] : [bytes];
    this.#leftBytes = bytes.length;
  }

  /** Takes one whole part off the beginning; 0 when there is none, and then `#needed` says how much there must be. */
  #step(bytes: Buffer): number {
    if (!this.#begun) return this.#readHeader(bytes);
    this.#needed = PACKET_HEADER;
    if (bytes.length < PACKET_HEADER) return 0;
    const length = bytes.readUInt32LE(8);
    if (length > MAX_PACKET) throw new Error(`a captured packet of ${length} bytes`);
    this.#needed = PACKET_HEADER + length;
    if (bytes.length < this.#needed) return 0;
    const packet = bytes.subarray(0, this.#needed);
    this.#sink.packet(packet, packet.subarray(PACKET_HEADER));
    return packet.length;
  }

  #readHeader(bytes: Buffer): number {
    if (bytes.length < FILE_HEADER) return 0;
    if (bytes.readUInt32LE(0) !== MAGIC_MICROSECONDS) throw new Error("no microsecond pcap stream of this machine");
    this.#begun = true;
    this.#sink.header(bytes.subarray(0, FILE_HEADER));
    return FILE_HEADER;
  }
}
