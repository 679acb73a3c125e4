import type { InternetPacket } from "./internet.ts";

interface Assembly {
  readonly pieces: { readonly start: number; readonly data: Buffer }[];
  /** Known once the last fragment was seen. */
  total: number | null;
  protocol: number;
}

const MAX_DATAGRAMS = 64;
const MAX_PIECES = 256;
const MAX_DATAGRAM_BYTES = 65_535;

/**
 * Puts IP datagrams together from fragments: what a reader that skips fragments does not see, a sample would send in
 * fragments. At most 64 datagrams at a time, the oldest gives way (a sender that never finishes can't stop the others).
 * Where fragments overlap the first bytes win, and nothing is delivered until all bytes are there.
 */
export class FragmentTable {
  /** Datagrams that never became whole, or broke a bound. */
  dropped = 0;
  readonly #assemblies = new Map<string, Assembly>();

  /** The whole datagram's payload once this fragment completes it, else null. */
  add(packet: InternetPacket): { protocol: number; payload: Buffer } | null {
    const { fragment, payload } = packet;
    if (fragment === null) return null;
    const end = fragment.offset + payload.length;
    const cut = payload.length < packet.payloadLength;
    if (cut || end > MAX_DATAGRAM_BYTES || (fragment.more && payload.length === 0)) {
      this.dropped++;
      return null;
    }
    const key = keyOf(packet);
    const assembly = this.#find(key, packet.protocol);
    if (fragment.offset === 0) assembly.protocol = packet.protocol;
    if (!fragment.more) assembly.total ??= end;
    insert(assembly, fragment.offset, payload);
    if (assembly.pieces.length > MAX_PIECES) {
      this.#assemblies.delete(key);
      this.dropped++;
      return null;
    }
    if (assembly.total === null || coveredBytes(assembly) < assembly.total) return null;
    this.#assemblies.delete(key);
    return { protocol: assembly.protocol, payload: join(assembly, assembly.total) };
  }

  /** At the end of the capture: what is still waiting will never be whole. */
  close(): void {
    this.dropped += this.#assemblies.size;
    this.#assemblies.clear();
  }

  #find(key: string, protocol: number): Assembly {
    let assembly = this.#assemblies.get(key);
    if (assembly === undefined) {
      assembly = { pieces: [], total: null, protocol };
      this.#assemblies.set(key, assembly);
      if (this.#assemblies.size > MAX_DATAGRAMS) {
        for (const oldest of this.#assemblies.keys()) {
          this.#assemblies.delete(oldest);
          this.dropped++;
          break;
        }
      }
    }
    return assembly;
  }
}

function keyOf({ source, destination, protocol, fragment }: InternetPacket): string {
  // For IPv6 only the first fragment names the protocol reliably, so it is no part of that key.
  const kind = source.length === 4 ? protocol : 256;
  return `${source.toString("latin1")}${destination.toString("latin1")}${kind},${fragment?.identification}`;
}

/** Adds only those bytes that no earlier piece covers; pieces stay sorted and apart. */
function insert(assembly: Assembly, offset: number, payload: Buffer): void {
  const end = offset + payload.length;
  const added: { start: number; data: Buffer }[] = [];
  let from = offset;
  const take = (to: number) => {
    if (to <= from) return;
    added.push({ start: from, data: Buffer.from(payload.subarray(from - offset, to - offset)) });
  };
  for (const piece of assembly.pieces) {
    if (piece.start >= end) break;
    take(piece.start);
    from = Math.max(from, piece.start + piece.data.length);
  }
  take(end);
  if (added.length === 0) return;
  assembly.pieces.push(...added);
  assembly.pieces.sort((left, right) => left.start - right.start);
}

/** Bytes from the start up to the first hole: a count alone would be fooled by pieces beyond a lying last fragment. */
function coveredBytes(assembly: Assembly): number {
  let covered = 0;
  for (const piece of assembly.pieces) {
    if (piece.start > covered) break;
    covered = piece.start + piece.data.length;
  }
  return covered;
}

function join(assembly: Assembly, total: number): Buffer {
  return Buffer.concat(assembly.pieces.map((piece) => piece.data)).subarray(0, total);
}
