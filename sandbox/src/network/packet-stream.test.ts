import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketStream } from "./packet-stream.ts";

function fileHeader(magic = 0xa1b2c3d4): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(magic, 0);
  return header;
}

function packet(data: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(data.length, 8);
  header.writeUInt32LE(data.length, 12);
  return Buffer.concat([header, data]);
}

function readAll(chunks: readonly Buffer[]) {
  const seen: { headers: number; packets: string[]; data: string[] } = { headers: 0, packets: [], data: [] };
  const stream = new PacketStream({
    header: () => seen.headers++,
    packet: (bytes, data) => {
      seen.packets.push(bytes.toString("hex"));
      seen.data.push(data.toString("hex"));
    },
  });
  for (const chunk of chunks) stream.read(chunk);
  return seen;
}

describe("a packet stream", () => {
  it("gives whole packets however it is cut", () => {
    const data = [Buffer.from("first"), Buffer.alloc(0), Buffer.alloc(5000, 1)];
    const bytes = Buffer.concat([fileHeader(), ...data.map(packet)]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
        const ends = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const seen = readAll(ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)));
        expect(seen.headers).toBe(1);
        expect(seen.data).toEqual(data.map((one) => one.toString("hex")));
        expect(seen.packets).toEqual(data.map((one) => packet(one).toString("hex")));
      }),
    );
  });

  it("keeps back a packet that is not whole", () => {
    expect(readAll([fileHeader(), packet(Buffer.from("cut")).subarray(0, 18)]).packets).toEqual([]);
  });

  it("refuses other formats and packets of impossible length", () => {
    expect(() => readAll([fileHeader(0xa1b23c4d)])).toThrow();
    const wild = packet(Buffer.from("x"));
    wild.writeUInt32LE(0x7fffffff, 8);
    expect(() => readAll([fileHeader(), wild])).toThrow();
  });
});
