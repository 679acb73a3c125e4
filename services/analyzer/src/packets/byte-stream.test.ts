import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteStream } from "./byte-stream.ts";

const LIMITS = { streamBytes: 100_000, headBytes: 16 };

function openStream({ left = 1_000_000, limits = LIMITS } = {}) {
  const budget = { left, dropped: 0 };
  return { stream: new ByteStream(budget, limits), budget };
}

function push(stream: ByteStream, sequence: number, text: string, time = 0): void {
  stream.push(sequence, Buffer.from(text), text.length, time);
}

test("puts segments in order across the wrap of sequence numbers", () => {
  const { stream } = openStream();
  stream.begin(0xffff_fffe);
  push(stream, 3, "fgh");
  push(stream, 0, "cde");
  push(stream, 0xffff_fffe, "ab");
  expect(stream.content.toString()).toBe("abcdefgh");
  expect(stream.received).toBe(8);
  expect(stream.gapBytes).toBe(0);
});

test("keeps the first of two different copies, in order or waiting", () => {
  const { stream } = openStream();
  stream.begin(0);
  push(stream, 0, "real");
  push(stream, 0, "FAKE");
  push(stream, 6, "gh");
  push(stream, 4, "efXXij");
  push(stream, 2, "YYYYYYYYYYkl");
  expect(stream.content.toString()).toBe("realefghijYYkl");
  expect(stream.received).toBe(14);
});

test("ends the content at a hole, counts it and goes on counting", () => {
  const { stream } = openStream();
  stream.begin(0);
  push(stream, 0, "seen");
  push(stream, 10, "after");
  stream.close(0);
  push(stream, 15, "more");
  expect(stream.content.toString()).toBe("seen");
  expect(stream.received).toBe(13);
  expect(stream.gapBytes).toBe(6);
});

test("takes bytes that the snap length cut as a hole", () => {
  const { stream } = openStream();
  stream.begin(0);
  stream.push(0, Buffer.from("ab"), 10, 0);
  push(stream, 10, "cd");
  expect(stream.content.toString()).toBe("ab");
  expect([stream.received, stream.gapBytes]).toEqual([4, 8]);
});

test("does not let a sender that never fills its holes keep data waiting without bound", () => {
  const { stream, budget } = openStream();
  stream.begin(0);
  for (let index = 1; index <= 1000; index++) push(stream, index * 10, "x");
  expect(budget.left).toBeGreaterThan(1_000_000 - 100);
  stream.close(0);
  expect(stream.received).toBe(1000);
  expect(stream.gapBytes).toBe(10 + 999 * 9);
  expect(budget.left).toBe(1_000_000);
});

test("keeps a head when the shared budget is used up, and says what it left out", () => {
  const { stream, budget } = openStream({ left: 0 });
  stream.begin(0);
  push(stream, 0, "0123456789");
  push(stream, 10, "0123456789");
  expect(stream.content.toString()).toBe("0123456789012345");
  expect(stream.received).toBe(20);
  expect(budget.dropped).toBe(4);
});

test("tells when a byte arrived", () => {
  const { stream } = openStream();
  stream.begin(0);
  push(stream, 0, "abc", 5);
  push(stream, 3, "def", 9);
  expect([0, 2, 3, 5].map((offset) => stream.timeAt(offset))).toEqual([5, 5, 9, 9]);
});

test("yields the sent bytes whatever the order, repeats and cuts of segments", () => {
  const cuts = fc.array(fc.tuple(fc.nat(499), fc.integer({ min: 1, max: 60 })), { maxLength: 60 });
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 500, maxLength: 500 }), cuts, fc.nat(0xffff_ffff), (bytes, pieces, base) => {
      const { stream, budget } = openStream();
      stream.begin(base);
      for (const [start, length] of pieces) {
        const piece = Buffer.from(bytes.subarray(start, start + length));
        stream.push((base + start) >>> 0, piece, piece.length, 0);
      }
      stream.push(base, Buffer.from(bytes), bytes.length, 0);
      stream.close(0);
      expect(stream.content.equals(bytes)).toBe(true);
      expect(stream.received).toBe(500);
      expect(budget.left).toBe(1_000_000 - 500);
    }),
  );
});
