import { expect, test } from "vitest";
import { buildFrame, buildUdpDatagram, type FragmentFields } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";

const text = "0123456789abcdef0123456789abcdefsecret ends here";

function fragmentsOf(source: string, destination: string, identification: number): Buffer[] {
  const datagram = buildUdpDatagram(SAMPLE, PEER, Buffer.from(text));
  const cut = (offset: number, end: number): Buffer => {
    const fields: FragmentFields = { identification, offset, more: end < datagram.length };
    return buildFrame({ source, destination, protocol: 17, payload: datagram.subarray(offset, end) }, fields);
  };
  return [cut(0, 16), cut(16, 40), cut(40, datagram.length)];
}

test.each([
  ["10.0.0.2", "198.51.100.7"],
  ["fd00::2", "2001:db8::7"],
])("puts the fragments of %s together in any order", async (source, destination) => {
  const [first, second, third] = fragmentsOf(source, destination, 77) as [Buffer, Buffer, Buffer];
  for (const order of [
    [first, second, third],
    [third, first, second],
    [second, second, third, first],
  ]) {
    const { flows, account } = await decodeFrames(order);
    expect(flows).toHaveLength(1);
    expect(flows[0]).toMatchObject({ sourceIp: source, sourcePort: SAMPLE.port, bytesSent: text.length });
    expect(Buffer.from(flows[0]?.firstSent ?? []).toString()).toBe(text);
    expect(account.fragmentsDropped).toBe(0);
  }
});

test("lets the first of overlapping fragments win", async () => {
  const [first, second, third] = fragmentsOf("10.0.0.2", "198.51.100.7", 78) as [Buffer, Buffer, Buffer];
  const forged = Buffer.from(second);
  forged.fill("X", 14 + 20);
  const { flows } = await decodeFrames([first, second, forged, third]);
  expect(Buffer.from(flows[0]?.firstSent ?? []).toString()).toBe(text);
});

test("is not fooled by a last fragment that lies before others", async () => {
  const payload = Buffer.alloc(64, 0x61);
  const at = (offset: number, more: boolean) =>
    buildFrame(
      { source: "10.0.0.2", destination: "198.51.100.7", protocol: 17, payload },
      { identification: 5, offset, more },
    );
  const { flows, account } = await decodeFrames([at(128, true), at(64, false)]);
  expect(flows).toHaveLength(0);
  expect(account.fragmentsDropped).toBe(1);
});

test("gives up the oldest when too many datagrams wait, and still completes the newest", async () => {
  const frames: Buffer[] = [];
  for (let index = 0; index < 200; index++) {
    frames.push(fragmentsOf("10.0.0.2", "198.51.100.7", index)[0] as Buffer);
  }
  frames.push(...fragmentsOf("10.0.0.2", "198.51.100.7", 199).slice(1));
  const { flows, account } = await decodeFrames(frames);
  expect(flows[0]?.packets).toBe(1);
  expect(account.fragmentsDropped).toBe(199);
});
