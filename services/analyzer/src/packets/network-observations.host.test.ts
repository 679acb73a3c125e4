import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeCapture, type NetworkObservations } from "./network-observations.ts";
import { openRealTraffic, type RealTraffic, waitUntil, writeProgram } from "./testing/real-traffic.ts";

/** Answers every A query with 203.0.113.9 and every other one with nothing, and takes TCP on 4444 in silence. */
const SINK = `
import dgram from "node:dgram";
import net from "node:net";
const dns = dgram.createSocket("udp4");
dns.on("message", (query, from) => {
  const isA = query.readUInt16BE(query.indexOf(0, 12) + 1) === 1;
  const answer = isA ? Buffer.from("c00c000100010000003c0004cb007109", "hex") : Buffer.alloc(0);
  const head = Buffer.from(query.subarray(0, query.indexOf(0, 12) + 5));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.writeUInt16BE(0, 10);
  dns.send(Buffer.concat([head, answer]), from.port, from.address);
});
dns.bind(53, "10.99.0.1");
dgram.createSocket("udp6").bind(9999, "::");
net.createServer((socket) => socket.on("error", () => {}).resume()).listen(4444, "::", () => console.log("ready"));
`;

/** A ClientHello to the silent port over IPv6, a megabyte in one go, fragments over both protocols, then the last packet. */
const SAMPLE = `
import dgram from "node:dgram";
import net from "node:net";
import tls from "node:tls";
const hello = tls.connect({ host: "fd99::1", port: 4444, servername: "c2.example", ALPNProtocols: ["h2"] });
hello.on("error", () => {});
const bulk = net.connect(4444, "10.99.0.1");
bulk.end(Buffer.alloc(1_000_000, "b"));
await new Promise((resolve) => bulk.on("close", resolve));
hello.destroy();
const send = (kind, address, bytes) => new Promise((resolve) => {
  const socket = dgram.createSocket(kind);
  socket.send(bytes, 9999, address, () => socket.close(resolve));
});
await send("udp4", "10.99.0.1", Buffer.alloc(4000, "4"));
await send("udp6", "fd99::1", Buffer.alloc(5000, "6"));
await send("udp4", "10.99.0.1", Buffer.from("the last packet"));
`;

let traffic: RealTraffic;
let seen: NetworkObservations;

beforeAll(async () => {
  traffic = await openRealTraffic();
  const files = join(traffic.folder, "www");
  await mkdir(files);
  await writeFile(join(files, "stage2.sh"), "#!/bin/sh\nexit 0\n");
  traffic.serve(["busybox", "httpd", "-f", "-p", "8081", "-h", files]);
  const sink = traffic.serve(await writeProgram(traffic, "sink.mjs", SINK));
  await new Promise((resolve) => sink.stdout?.once("data", resolve));
  await waitUntil(async () => {
    const page = await traffic.run(["busybox", "wget", "-q", "-O", "-", "http://10.99.0.1:8081/stage2.sh?id=7"]);
    return page.startsWith("#!/bin/sh");
  });
  // Fresh links do not answer neighbour discovery for about a second.
  await waitUntil(async () => {
    const echo = await traffic.run(["busybox", "ping6", "-c", "1", "-W", "1", "fd99::1"]);
    return echo.includes("64 bytes from");
  });
  await traffic.run(["busybox", "nslookup", "c2.example", "10.99.0.1"]);
  await traffic.run(
    ["busybox", "nc", "-w", "2", "10.99.0.1", "4444"],
    '{"id":1,"method":"mining.subscribe","params":[]}\n',
  );
  await traffic.run(["busybox", "nc", "-w", "1", "10.99.0.1", "1"]);
  await traffic.run(["busybox", "ping", "-c", "1", "10.99.0.1"]);
  await traffic.run(await writeProgram(traffic, "sample.mjs", SAMPLE));
  await traffic.finish("the last packet");
  seen = await decodeCapture(traffic.capture, { sampleAddresses: ["10.99.0.2", "fd99::2"] });
});

afterAll(async () => {
  await traffic?.close();
});

const flowTo = (destinationIp: string, destinationPort: number, application?: string) =>
  seen.flows.find(
    (flow) =>
      flow.destinationIp === destinationIp &&
      flow.destinationPort === destinationPort &&
      (application === undefined || flow.application === application),
  );

test("finds every packet of a real capture well-formed and nothing missing", () => {
  expect(seen.account).toMatchObject({
    malformed: 0,
    cutPackets: 0,
    streamsDropped: 0,
    gapBytes: 0,
    fragmentsDropped: 0,
    // The raw transfer that is longer than what is kept.
    observationsDropped: 1,
    truncatedTail: false,
  });
  expect(seen.account.packets).toBeGreaterThan(40);
  expect(seen.flows.every((flow) => flow.initiatedBySample)).toBe(true);
});

test("sees what wget asked and was answered", () => {
  expect(seen.http.at(-1)).toMatchObject({
    method: "GET",
    uri: "/stage2.sh?id=7",
    query: "id=7",
    host: "10.99.0.1:8081",
    userAgent: "Wget",
    status: 200,
  });
  expect(Buffer.from(seen.flows[seen.http.at(-1)?.flow ?? -1]?.firstReceived ?? []).toString()).toContain("#!/bin/sh");
});

test("sees what nslookup asked and was answered", () => {
  expect(seen.dns).toContainEqual(
    expect.objectContaining({ name: "c2.example", type: "A", status: "NOERROR", answers: ["203.0.113.9"] }),
  );
  expect(flowTo("10.99.0.1", 53)).toMatchObject({ protocol: "udp", application: "dns", established: true });
});

test("tells a miner's line from other bytes on the same port", () => {
  expect(flowTo("10.99.0.1", 4444, "stratum")).toMatchObject({ bytesSent: 49, bytesReceived: 0, established: true });
});

test("reads a real ClientHello over IPv6", () => {
  expect(seen.tls).toMatchObject([
    { serverName: "c2.example", alpn: ["h2"], version: "TLSv1.3", ja3: expect.stringMatching(/^[0-9a-f]{32}$/) },
  ]);
  expect(seen.flows[seen.tls[0]?.flow ?? -1]).toMatchObject({ destinationIp: "fd99::1", application: "tls" });
});

test("counts all of a transfer beyond what is kept, offloaded segments included", () => {
  expect(flowTo("10.99.0.1", 4444, "unknown")).toMatchObject({ bytesSent: 1_000_000 });
  expect(seen.account.bytesDropped).toBe(1_000_000 - 256 * 1024);
});

test("puts real fragments together", () => {
  const datagrams = seen.flows.filter((flow) => flow.destinationPort === 9999);
  expect(datagrams.map((flow) => [flow.sourceIp, flow.bytesSent, flow.packets])).toEqual([
    ["10.99.0.2", 4000, 1],
    ["fd99::2", 5000, 1],
    ["10.99.0.2", 15, 1],
  ]);
});

test("sees a refused connection and an echo", () => {
  expect(flowTo("10.99.0.1", 1)).toMatchObject({ reset: true, established: false, application: "none" });
  expect(seen.flows).toContainEqual(expect.objectContaining({ application: "icmp-echo", established: true }));
});
