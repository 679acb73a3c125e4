import { expect, test } from "vitest";
import { type CapturedPacket, readCapture } from "./capture-file.ts";
import { DEFAULT_DECODE_LIMITS } from "./decode-limits.ts";
import { buildCapture } from "./testing/capture-builder.ts";
import { withFile } from "./testing/decoding.ts";

interface Read {
  readonly packets: Omit<CapturedPacket, "data">[];
  readonly texts: string[];
}

async function read(bytes: Buffer, limits: Partial<typeof DEFAULT_DECODE_LIMITS> = {}) {
  const seen: Read = { packets: [], texts: [] };
  const summary = await withFile(bytes, (path) =>
    readCapture(path, { ...DEFAULT_DECODE_LIMITS, ...limits }, ({ data, ...packet }) => {
      seen.packets.push(packet);
      seen.texts.push(data.toString());
    }),
  );
  return { ...seen, summary };
}

const frames = ["first", "second", "third"].map((text) => Buffer.from(text));
const capture = buildCapture(frames);

test("reads records of both byte orders with their times", async () => {
  for (const bigEndian of [false, true]) {
    const { packets, texts, summary } = await read(buildCapture(frames, { bigEndian }));
    expect(texts).toEqual(["first", "second", "third"]);
    expect(packets[1]).toEqual({ time: 1_700_000_000_001_000, linkType: "ethernet", originalLength: 6 });
    expect(summary).toEqual({ packets: 3, bytes: 16, truncatedTail: false, tailBytes: 0 });
  }
});

test("reports a file that ends within a record, whether in its header or its data", async () => {
  const inData = await read(capture.subarray(0, capture.length - 2));
  expect(inData.texts).toEqual(["first", "second"]);
  expect(inData.summary).toMatchObject({ packets: 2, truncatedTail: true, tailBytes: 16 + 3 });
  const inHeader = await read(capture.subarray(0, capture.length - 10));
  expect(inHeader.summary).toMatchObject({ packets: 2, truncatedTail: true, tailBytes: 11 });
});

test("stops at a record longer than the snap length instead of swallowing the rest", async () => {
  const broken = buildCapture(frames, { snapLength: 100 });
  broken.writeUInt32LE(101, 24 + 16 + 5 + 8);
  const { texts, summary } = await read(broken);
  expect(texts).toEqual(["first"]);
  expect(summary).toMatchObject({ truncatedTail: true, tailBytes: 16 + 6 + 16 + 5 });
});

test("reads no more than the bound on the file and counts the rest", async () => {
  const { texts, summary } = await read(capture, { fileBytes: 24 + 16 + 5 + 3 });
  expect(texts).toEqual(["first"]);
  expect(summary.tailBytes).toBe(capture.length - (24 + 16 + 5));
});

test("puts records together that span many chunks of the file", async () => {
  const large = Array.from({ length: 20 }, (_, index) => Buffer.alloc(200_000, 0x61 + index));
  const { texts, summary } = await read(buildCapture(large));
  expect(texts.map((text) => text[0] + String(text.length))).toEqual(
    large.map((_, index) => `${String.fromCharCode(0x61 + index)}200000`),
  );
  expect(summary).toMatchObject({ packets: 20, truncatedTail: false });
});

test("refuses what it can't read with a coded fault", async () => {
  const nanosecond = Buffer.from(capture);
  nanosecond.writeUInt32LE(0xa1b23c4d, 0);
  const oldVersion = Buffer.from(capture);
  oldVersion.writeUInt16LE(3, 4);
  const refused = [Buffer.alloc(0), capture.subarray(0, 23), Buffer.from("\n\r\r\n pcapng".padEnd(40)), nanosecond];
  for (const bytes of [...refused, oldVersion, buildCapture(frames, { linkType: 147 })]) {
    await expect(read(bytes)).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
  }
  await expect(readCapture("/nonexistent/capture.pcap", DEFAULT_DECODE_LIMITS, () => {})).rejects.toMatchObject({
    code: "CAPTURE_FAILED",
  });
});

test("rejects with what the reader of packets throws, once", async () => {
  let calls = 0;
  const reading = withFile(capture, (path) =>
    readCapture(path, DEFAULT_DECODE_LIMITS, () => {
      calls++;
      throw new Error("refused");
    }),
  );
  await expect(reading).rejects.toMatchObject({ cause: { message: "refused" } });
  expect(calls).toBe(1);
});
