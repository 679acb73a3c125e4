import * as fc from "fast-check";
import { expect, test } from "vitest";
import { OutputFrames, type OutputName } from "./output-frames.ts";

function frame(name: OutputName, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(name === "stdout" ? 1 : 2, 0);
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

function readAll(chunks: readonly Buffer[]) {
  const parts: Record<OutputName, Buffer[]> = { stdout: [], stderr: [] };
  const frames = new OutputFrames((name, part) => parts[name].push(Buffer.from(part)));
  for (const chunk of chunks) frames.read(chunk);
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr), whole: frames.whole };
}

const content = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const written = fc.array(fc.tuple(fc.constantFrom<OutputName>("stdout", "stderr"), content), { maxLength: 20 });

test("wherever the stream is cut into chunks, each output comes out as it was written", () => {
  fc.assert(
    fc.property(written, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (writes, sizes) => {
      const stream = Buffer.concat(writes.map(([name, bytes]) => frame(name, bytes)));
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; at += chunks.at(-1)?.length ?? 0) {
        chunks.push(stream.subarray(at, at + sizes.next().value));
      }
      const of = (wanted: OutputName) =>
        Buffer.concat(writes.flatMap(([name, bytes]) => (name === wanted ? [bytes] : [])));
      expect(readAll(chunks)).toEqual({ stdout: of("stdout"), stderr: of("stderr"), whole: true });
    }),
  );
});

test("a chunk of very many tiny frames is read without ado", () => {
  const stream = Buffer.concat(Array.from({ length: 200_000 }, () => frame("stdout", Buffer.from("x"))));
  expect(readAll([stream]).stdout).toHaveLength(200_000);
});

test.each([
  ["in a header", frame("stdout", Buffer.from("abc")).subarray(0, 5), ""],
  ["in the content", frame("stdout", Buffer.from("abc")).subarray(0, 10), "ab"],
])("a stream that breaks off %s is not whole", (_where, cut, text) => {
  const { stdout, whole } = readAll([cut]);
  expect({ text: stdout.toString(), whole }).toEqual({ text, whole: false });
});

test("what is no frame is not taken for output, nor anything after it", () => {
  const { stdout, whole } = readAll([
    frame("stdout", Buffer.from("a")),
    Buffer.from("plain text"),
    frame("stdout", Buffer.from("b")),
  ]);
  expect({ text: stdout.toString(), whole }).toEqual({ text: "a", whole: false });
});
