import { encode, type Packet } from "dns-packet";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { NetworkObservations } from "./network-observations.ts";
import { buildCapture, buildConnection, buildFrame, buildUdp, buildUdpDatagram } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";
import { buildClientHello, buildServerHello } from "./testing/tls-builder.ts";

const HEADER_BYTES = 24;
const query: Packet = { type: "query", id: 3, questions: [{ type: "A", name: "c2.example" }] };
const datagram = buildUdpDatagram(SAMPLE, PEER, encode(query));
const fragment = (offset: number, end: number, more: boolean) =>
  buildFrame(
    { source: "fd00::2", destination: "fd00::1", protocol: 17, payload: datagram.subarray(offset, end) },
    { identification: 9, offset, more },
  );

/** A bit of everything. */
const good = buildCapture([
  buildUdp(SAMPLE, PEER, encode(query)),
  buildUdp(
    PEER,
    SAMPLE,
    encode({ ...query, type: "response", answers: [{ type: "A", name: "c2.example", data: "203.0.113.9" }] }),
  ),
  fragment(0, 16, true),
  fragment(16, datagram.length, false),
  ...buildConnection(SAMPLE, { ...PEER, port: 80 }, [
    {
      by: "client",
      bytes: "POST /x?y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    },
    { by: "server", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
  ]),
  ...buildConnection(SAMPLE, PEER, [
    { by: "client", bytes: buildClientHello({ ciphers: [1, 2], extensions: [[0, "000c00000963322e6578616d70"]] }) },
    { by: "server", bytes: buildServerHello(0x0303, 0x0304) },
  ]),
]);
const limits = { flows: 8, streamBytes: 200, totalStreamBytes: 500, headBytes: 32, observations: 4 };

function expectBounded(result: NetworkObservations, fileBytes: number): void {
  expect(result.flows.length).toBeLessThanOrEqual(8);
  for (const list of [result.dns, result.http, result.tls]) {
    expect(list.length).toBeLessThanOrEqual(4);
    for (const { flow } of list) expect(result.flows[flow]?.id).toBe(flow);
  }
  for (const flow of result.flows) {
    expect(flow.firstSent.length).toBeLessThanOrEqual(32);
    expect(flow.firstReceived.length).toBeLessThanOrEqual(32);
    expect(flow.bytesSent + flow.bytesReceived).toBeLessThanOrEqual(fileBytes);
    expect(flow.endTime).toBeGreaterThanOrEqual(flow.startTime);
  }
  const { packets, bytes, tailBytes } = result.account;
  expect(HEADER_BYTES + packets * 16 + bytes + tailBytes).toBe(fileBytes);
}

test("decodes the good capture whole", async () => {
  const result = await decodeFrames(good);
  expect([result.flows.length, result.dns.length, result.http.length, result.tls.length]).toEqual([4, 2, 1, 1]);
  expect(result.account).toMatchObject({ malformed: 0, tailBytes: 0, gapBytes: 0, fragmentsDropped: 0 });
});

test("stays within bounds and keeps its books when bytes are changed", async () => {
  const change = fc.tuple(fc.integer({ min: HEADER_BYTES, max: good.length - 1 }), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const bytes = Buffer.from(good);
      for (const [offset, value] of changes) bytes[offset] = value;
      expectBounded(await decodeFrames(bytes, limits), bytes.length);
    }),
    { numRuns: 150 },
  );
});

test("stays within bounds on a file cut anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: HEADER_BYTES, max: good.length }), async (length) => {
      expectBounded(await decodeFrames(good.subarray(0, length), limits), length);
    }),
    { numRuns: 80 },
  );
});

test("stays within bounds on frames and files of arbitrary bytes", async () => {
  const linkTypes = fc.constantFrom(0, 1, 12, 14, 101, 108, 113, 276);
  const frames = fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(frames, linkTypes, fc.uint8Array({ maxLength: 64 }), async (contents, linkType, tail) => {
      const records = buildCapture(
        contents.map((content) => Buffer.from(content)),
        { linkType },
      );
      const bytes = Buffer.concat([records, tail]);
      expectBounded(await decodeFrames(bytes, limits), bytes.length);
    }),
    { numRuns: 80 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (content) => {
      await expect(decodeFrames(Buffer.from(content), limits)).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    }),
    { numRuns: 50 },
  );
});

test("stays within bounds on arbitrary payloads below good headers", async () => {
  const turn = fc.record({
    by: fc.constantFrom("client" as const, "server" as const),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content)),
      fc.constantFrom(
        "GET / HTTP/1.1\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\r\n",
        "ffffffff\r\n",
      ),
      fc.constantFrom("HTTP/1.1 200 OK\r\n", "\x16\x03\x01\x00\x20\x01", "\x00\x20", '{"method":"mining.'),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 12 }), fc.uint8Array({ maxLength: 100 }), async (turns, message) => {
      const bytes = buildCapture([
        ...buildConnection(SAMPLE, PEER, turns),
        buildUdp(SAMPLE, PEER, Buffer.concat([encode(query).subarray(0, 12), message])),
      ]);
      expectBounded(await decodeFrames(bytes, limits), bytes.length);
    }),
    { numRuns: 80 },
  );
});
