import { expect, test } from "vitest";
import { buildConnection, buildEthernet, buildFrame, buildTcp, buildUdp } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("latin1");

test("describes a connection from the sample's side, whoever began it", async () => {
  const outward = buildConnection(SAMPLE, PEER, [
    { by: "client", bytes: "from the sample" },
    { by: "server", bytes: "to it" },
  ]);
  const inward = buildConnection({ ...PEER, port: 50_000 }, { ...SAMPLE, port: 80 }, [
    { by: "client", bytes: "probe" },
    { by: "server", bytes: "its answer" },
  ]);
  const { flows } = await decodeFrames([...outward, ...inward]);
  expect(flows).toMatchObject([
    {
      id: 0,
      protocol: "tcp",
      sourceIp: SAMPLE.ip,
      sourcePort: SAMPLE.port,
      destinationIp: PEER.ip,
      destinationPort: PEER.port,
      initiatedBySample: true,
      startTime: 1_700_000_000_000_000_000n,
      endTime: 1_700_000_000_006_000_000n,
      packets: 7,
      bytesSent: 15,
      bytesReceived: 5,
      established: true,
      reset: false,
      application: "unknown",
      gapBytes: 0,
    },
    { id: 1, initiatedBySample: false, destinationPort: 80, bytesSent: 10, bytesReceived: 5 },
  ]);
  expect(flows.map((flow) => [text(flow.firstSent), text(flow.firstReceived)])).toEqual([
    ["from the sample", "to it"],
    ["its answer", "probe"],
  ]);
});

test("tells refused and unanswered connections from made ones", async () => {
  const closed = { ...PEER, port: 1 };
  const silent = { ...PEER, port: 2 };
  const { flows } = await decodeFrames([
    buildTcp(SAMPLE, closed, { sequence: 1, flags: "S" }),
    buildTcp(closed, SAMPLE, { sequence: 0, flags: "RA" }),
    buildTcp(SAMPLE, silent, { sequence: 1, flags: "S" }),
    buildTcp(SAMPLE, silent, { sequence: 1, flags: "S" }),
  ]);
  expect(flows).toMatchObject([
    { established: false, reset: true, application: "none", packets: 2 },
    { established: false, reset: false, application: "none", packets: 2 },
  ]);
});

test("starts a new flow when the same ports are used again", async () => {
  const connection = buildConnection(SAMPLE, PEER, [{ by: "client", bytes: "one" }]);
  const again = buildTcp(SAMPLE, PEER, { sequence: 77, flags: "S" });
  const data = buildTcp(SAMPLE, PEER, { sequence: 78, flags: "PA", payload: "two" });
  const { flows } = await decodeFrames([...connection, again, data]);
  expect(flows.map((flow) => text(flow.firstSent))).toEqual(["one", "two"]);
});

test("reads on after a reset, which a forger could send", async () => {
  const frames = buildConnection(SAMPLE, PEER, [{ by: "client", bytes: "GET /after HTTP/1.1\r\n\r\n" }]);
  frames.splice(3, 0, buildTcp(PEER, SAMPLE, { sequence: 5, flags: "R", payload: "go away" }));
  const { flows, http } = await decodeFrames(frames);
  expect(flows[0]).toMatchObject({ reset: true, bytesReceived: 0 });
  expect(http[0]?.uri).toBe("/after");
});

test("knows who asked when the capture began with the answer", async () => {
  const { flows } = await decodeFrames(
    buildConnection(SAMPLE, PEER, [{ by: "client", bytes: "GET / HTTP/1.0\r\n\r\n" }]).slice(1),
  );
  expect(flows).toMatchObject([{ sourceIp: SAMPLE.ip, initiatedBySample: true, application: "http" }]);
});

test("lists datagrams, echoes and other protocols, and leaves out what the kernel says by itself", async () => {
  const icmp = (type: number, source: string, destination: string) =>
    buildFrame({ source, destination, protocol: 1, payload: Buffer.from([type, 0, 0, 0, 0, 1, 0, 1, 0x68, 0x69]) });
  const { flows, account } = await decodeFrames([
    buildEthernet(0x0806, Buffer.alloc(28)),
    buildFrame({ source: "fd00::2", destination: "ff02::1", protocol: 58, payload: Buffer.from([135, 0, 0, 0, 0, 0]) }),
    buildUdp(SAMPLE, PEER, Buffer.from("one")),
    buildUdp(SAMPLE, PEER, Buffer.from("two")),
    buildUdp(PEER, SAMPLE, Buffer.from("back")),
    icmp(8, SAMPLE.ip, PEER.ip),
    icmp(0, PEER.ip, SAMPLE.ip),
    buildFrame({ source: SAMPLE.ip, destination: PEER.ip, protocol: 47, payload: Buffer.from("gre") }),
  ]);
  expect(flows).toMatchObject([
    { protocol: "udp", established: true, packets: 3, bytesSent: 6, bytesReceived: 4, application: "unknown" },
    { protocol: "icmp", established: true, packets: 2, bytesSent: 2, bytesReceived: 2, application: "icmp-echo" },
    { protocol: "other", established: false, sourcePort: 0, bytesSent: 3, application: "ip-47" },
  ]);
  expect(text(flows[0]?.firstSent)).toBe("onetwo");
  expect(account).toMatchObject({ packets: 8, malformed: 0 });
});

test("counts what contradicts itself and what was cut", async () => {
  const good = buildUdp(SAMPLE, PEER, Buffer.from("payload"));
  const lying = Buffer.from(good);
  lying.writeUInt16BE(500, 14 + 20 + 4);
  const { account, flows } = await decodeFrames([
    lying,
    good.subarray(0, 20),
    good.subarray(0, good.length - 1),
    { data: good.subarray(0, good.length - 3), originalLength: good.length },
  ]);
  expect(account).toMatchObject({ packets: 4, malformed: 3, cutPackets: 1, gapBytes: 3 });
  expect(flows).toMatchObject([{ bytesSent: 4, gapBytes: 3 }]);
});

test("follows no more flows than the bound, and says so", async () => {
  const syn = (port: number) => buildTcp(SAMPLE, { ...PEER, port }, { sequence: 1, flags: "S" });
  const { flows, account } = await decodeFrames([1, 2, 3, 4, 5].map(syn), { flows: 3 });
  expect(flows).toHaveLength(3);
  expect(account.streamsDropped).toBe(2);
});

test("bounds what is kept of streams, heads and lists, and counts the rest", async () => {
  const requests = Array.from({ length: 10 }, (_, index) => `GET /${index} HTTP/1.1\r\n\r\n`).join("");
  const frames = buildConnection(SAMPLE, PEER, [{ by: "client", bytes: requests + "x".repeat(5000) }]);
  const { flows, http, account } = await decodeFrames(frames, { streamBytes: 1000, headBytes: 10, observations: 4 });
  expect(http).toHaveLength(4);
  expect(flows[0]).toMatchObject({ bytesSent: requests.length + 5000 });
  expect(flows[0]?.firstSent).toHaveLength(10);
  expect(account).toMatchObject({ observationsDropped: 1, bytesDropped: requests.length + 4000 });
  const few = await decodeFrames(frames, { observationText: 5 });
  expect(few.http).toHaveLength(2);
});

test("says when requests go on beyond what is kept, unless a body of known length fills the rest", async () => {
  const upload = `POST / HTTP/1.1\r\nContent-Length: 3000\r\n\r\n${"x".repeat(3000)}`;
  const decode = async (bytes: string) => {
    const frames = buildConnection(SAMPLE, PEER, [{ by: "client", bytes }]);
    return (await decodeFrames(frames, { streamBytes: 1000, headBytes: 10 })).account.observationsDropped;
  };
  expect(await decode(upload)).toBe(0);
  expect(await decode(`${upload}GET /hidden HTTP/1.1\r\n\r\n`)).toBe(1);
  const tunnel = (inside: string) => `CONNECT c2.example:443 HTTP/1.1\r\nContent-Length: 9999\r\n\r\n${inside}`;
  expect(await decode(tunnel("x".repeat(3000)))).toBe(1);
  expect(await decode(tunnel(`\x16\x03\x01\x0b\xb8\x01${"x".repeat(2999)}`))).toBe(0);
});
