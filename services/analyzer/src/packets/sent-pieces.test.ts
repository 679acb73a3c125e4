import { encode } from "dns-packet";
import { expect, test } from "vitest";
import { buildConnection, buildFrame, buildUdp, buildUdpDatagram, type Turn } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";
import { buildClientHello } from "./testing/tls-builder.ts";

const SECRET = "root:$6$abc:19000::::::";
const KEPT = 256 * 1024;
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("latin1");
const query = encode({ type: "query", id: 1, questions: [{ type: "A", name: "a.example" }] });
/** Text that never repeats. */
const filler = (length: number) =>
  Array.from({ length: Math.ceil(length / 8) }, (_, index) => String(index).padStart(8, "."))
    .join("")
    .slice(0, length);

async function decodeSent(bytes: Turn["bytes"], limits = {}) {
  return await decodeFrames(buildConnection(SAMPLE, PEER, [{ by: "client", bytes }]), limits);
}

test("shows all that is kept of a raw stream, and whatever stands across a border", async () => {
  for (const padding of [1010, 1024, 1790, 2000, 100_000, KEPT - SECRET.length]) {
    const { flows, sent, account } = await decodeSent(filler(padding) + SECRET);
    const found = [flows[0]?.firstSent, ...sent.map((piece) => piece.data)].filter((data) =>
      text(data).includes(SECRET),
    );
    expect(found.length, String(padding)).toBeGreaterThan(0);
    expect(account.observationsDropped).toBe(0);
  }
});

test("gives each piece its place and its time", async () => {
  const { flows, sent } = await decodeSent(filler(3000));
  expect(sent.map(({ offset, data }) => [offset, data.length])).toEqual([
    [768, 1024],
    [1536, 1024],
    [2304, 696],
  ]);
  for (const { offset, data } of sent) expect(text(data)).toBe(filler(3000).slice(offset, offset + data.length));
  expect(sent[2]?.time).toBeGreaterThan(flows[0]?.startTime ?? 0n);
});

test("shows padding once, and begins no piece within a character", async () => {
  const { sent } = await decodeSent(`${".".repeat(200_000)}${SECRET}`);
  expect(sent.length).toBeLessThan(5);
  const words = await decodeSent(Buffer.from("€".repeat(1000)));
  for (const { data } of words.sent) expect(Buffer.from(data).toString()).toMatch(/^€/);
});

test("passes over blanks before a text, so that they push nothing out of sight", async () => {
  const { flows, http } = await decodeSent(`${"\r\n".repeat(1100)}POST /two HTTP/1.1\r\nHost: two.evil\r\n\r\n`);
  expect(http).toMatchObject([{ method: "POST", uri: "/two", host: "two.evil" }]);
  expect(text(flows[0]?.firstSent)).toMatch(/^POST/);
  const proxied = await decodeSent(Buffer.from("0d0a0d0a000d0a515549540a2111000c", "hex"));
  expect(proxied.flows[0]?.firstSent).toHaveLength(16);
});

test("counts a stream that goes on beyond what is kept, unless its records or bodies explain it", async () => {
  const dropped = async (bytes: Turn["bytes"]) => (await decodeSent(bytes)).account.observationsDropped;
  const long = KEPT + 5000;
  const hello = buildClientHello({ ciphers: [1, 2], extensions: null });
  const records = Array.from({ length: 20 }, () =>
    Buffer.concat([Buffer.from("1703034000", "hex"), Buffer.alloc(16_384)]),
  );
  expect(await dropped(filler(long))).toBe(1);
  expect(await dropped("\r\n".repeat(long / 2))).toBe(1);
  expect(await dropped(`POST / HTTP/1.1\r\nContent-Length: ${long}\r\n\r\n${filler(long)}`)).toBe(0);
  expect(await dropped(Buffer.concat([hello, ...records]))).toBe(0);
  expect(await dropped(Buffer.concat([hello, Buffer.from(filler(long))]))).toBe(1);
  const download = buildConnection(SAMPLE, PEER, [
    { by: "client", bytes: "send me all" },
    { by: "server", bytes: filler(long) },
  ]);
  expect((await decodeFrames(download)).account.observationsDropped).toBe(0);
});

test("shows what stands behind TLS and DNS, but not their own bytes", async () => {
  const hello = buildClientHello({ ciphers: [1, 2], extensions: null });
  const record = Buffer.concat([Buffer.from("1703034000", "hex"), Buffer.alloc(16_384, filler(16_384))]);
  const tls = await decodeSent(Buffer.concat([hello, record, Buffer.from(SECRET)]));
  expect(tls.tls).toHaveLength(1);
  expect(tls.sent.map(({ data }) => text(data))).toEqual([SECRET]);
  const framed = Buffer.concat([Buffer.from([0, query.length]), query]);
  expect((await decodeSent(framed)).sent).toEqual([]);
  const dns = await decodeSent(Buffer.concat([framed, Buffer.from(SECRET)]));
  expect(dns.dns).toHaveLength(1);
  expect(dns.sent.map(({ data }) => text(data))).toEqual([SECRET]);
});

test("shows a body beyond its head", async () => {
  const { sent } = await decodeSent(`POST / HTTP/1.1\r\nContent-Length: 5023\r\n\r\n${filler(5000)}${SECRET}`);
  expect(text(sent.at(-1)?.data)).toContain(SECRET);
});

test("shows datagrams, also beside a query on the same ports", async () => {
  const flood = Array.from({ length: 5 }, (_, index) => buildUdp(SAMPLE, PEER, Buffer.from(filler(1000 + index))));
  const { sent } = await decodeFrames([...flood, buildUdp(SAMPLE, PEER, Buffer.from(SECRET))]);
  expect(text(sent.at(-1)?.data)).toContain(SECRET);

  const dns = buildUdp(SAMPLE, PEER, query);
  const secret = buildUdp(SAMPLE, PEER, Buffer.from(SECRET));
  expect((await decodeFrames([dns, dns])).sent).toEqual([]);
  for (const frames of [
    [dns, secret],
    [secret, dns],
  ]) {
    expect(text((await decodeFrames(frames)).sent[0]?.data)).toContain(SECRET);
  }
});

test("reads UDP-Lite as UDP, and takes link-local and forged sources for the sample", async () => {
  const lite = buildUdpDatagram(SAMPLE, PEER, Buffer.from(SECRET));
  // In the length's place stands how much of the packet is checked: here the header alone.
  lite.writeUInt16BE(8, 4);
  const { flows } = await decodeFrames([
    buildFrame({ source: SAMPLE.ip, destination: PEER.ip, protocol: 136, payload: lite }),
    buildUdp({ ip: "fe80::42:acff:fe11:2", port: 1 }, { ip: "fe80::1", port: 2 }, Buffer.from(SECRET)),
    buildUdp({ ip: "192.0.2.1", port: 1 }, { ip: "239.1.2.3", port: 2 }, Buffer.from(SECRET)),
  ]);
  expect(flows).toMatchObject([
    { protocol: "udp", destinationPort: PEER.port, bytesSent: SECRET.length, initiatedBySample: true },
    { initiatedBySample: true, bytesSent: SECRET.length },
    { destinationIp: "239.1.2.3", initiatedBySample: true, bytesSent: SECRET.length },
  ]);
  expect(text(flows[0]?.firstSent)).toBe(SECRET);
});

test("shows no more pieces than the bound, and says so", async () => {
  const { sent, account } = await decodeSent(filler(20_000), { pieces: 3 });
  expect(sent).toHaveLength(3);
  expect(account.observationsDropped).toBe(1);
  const tiny = await decodeSent(filler(100), { headBytes: 1 });
  expect(tiny.sent.length).toBeGreaterThan(20);
});
