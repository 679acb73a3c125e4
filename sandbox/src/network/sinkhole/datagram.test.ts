import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Datagram, DatagramReader, encodeReply } from "./datagram.ts";

function frame(family: 4 | 6, payload: Buffer): Buffer {
  const header = Buffer.alloc(48);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(3, 4);
  header[8] = family;
  header.writeUInt16BE(5000, 12);
  header.writeUInt16BE(53, 14);
  Buffer.from(family === 4 ? "ac110002" : "fd000000000000000000000000000002", "hex").copy(header, 16);
  Buffer.from(family === 4 ? "08080808" : "20010db8000000000000000000000008", "hex").copy(header, 32);
  return Buffer.concat([header, payload]);
}

it("reads frames however the stream is cut", () => {
  const frames = [frame(4, Buffer.from("one")), frame(6, Buffer.alloc(0)), frame(4, Buffer.alloc(3000, 7))];
  const stream = Buffer.concat(frames);
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
      const reader = new DatagramReader();
      const ends = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
      const read: Datagram[] = ends.flatMap(
        (end, index) => reader.read(stream.subarray(ends[index - 1] ?? 0, end)) ?? [],
      );
      expect(read.map(({ header, payload }) => header.toString("hex") + payload.toString("hex"))).toEqual(
        frames.map((one) => one.toString("hex")),
      );
    }),
  );
});

it("names both ends, and answers from the one that was asked", () => {
  const [first] = new DatagramReader().read(frame(6, Buffer.from("q"))) ?? [];
  expect(first).toMatchObject({
    sourceIp: "fd00::2",
    sourcePort: 5000,
    destinationIp: "2001:db8::8",
    destinationPort: 53,
    dropped: 3,
  });
  if (!first) throw new Error("no datagram");
  const reply = encodeReply(first, Buffer.from("answer"));
  expect(reply.readUInt32BE(0)).toBe(6);
  expect(reply.subarray(12, 48)).toEqual(first.header.subarray(12));
  expect(first.header.readUInt32BE(0)).toBe(1);
});

it("gives up on a broken stream", () => {
  expect(new DatagramReader().read(Buffer.alloc(48, 0xff))).toBeNull();
});
