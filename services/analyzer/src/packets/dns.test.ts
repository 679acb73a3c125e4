import { encode, type Packet, streamEncode } from "dns-packet";
import { expect, test } from "vitest";
import { looksLikeDns, readDnsMessage, splitDnsStream } from "./dns.ts";
import { buildConnection, buildUdp } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";

const resolver = { ip: "198.51.100.53", port: 5353 };
const question = (name: string, type: "A" | "AAAA" | "TXT" | "MX" = "A", id = 7): Packet => ({
  type: "query",
  id,
  flags: 256,
  questions: [{ name, type }],
});
const answer = (packet: Packet, answers: Packet["answers"] = [], rcode = 0): Packet => ({
  ...packet,
  type: "response",
  flags: 0x180 | rcode,
  answers,
});
const ask = (packet: Packet, from = SAMPLE) => buildUdp(from, resolver, encode(packet));
const reply = (packet: Packet, to = SAMPLE) => buildUdp(resolver, to, encode(packet));
const unlimited = () => ({ left: 1_000_000 });

test("matches answers to queries, whatever the port, case and order", async () => {
  const a = question("C2.Example", "A", 1);
  const aaaa = question("c2.example", "AAAA", 2);
  const { dns, flows } = await decodeFrames([
    ask(a),
    ask(aaaa),
    reply(answer({ ...aaaa }, [], 3)),
    reply(
      answer(question("c2.exaMPLE", "A", 1), [
        { type: "CNAME", name: "c2.example", data: "edge.example" },
        { type: "A", name: "edge.example", data: "203.0.113.9" },
      ]),
    ),
  ]);
  expect(flows.map((flow) => flow.application)).toEqual(["dns"]);
  expect(dns).toMatchObject([
    { flow: 0, name: "C2.Example", type: "A", status: "NOERROR", answers: ["edge.example", "203.0.113.9"] },
    { flow: 0, name: "c2.example", type: "AAAA", status: "NXDOMAIN", answers: [] },
  ]);
});

test("takes a repeated query as one, a later one as another, and an answer unasked as itself", async () => {
  const query = question("again.example");
  const other = { ip: SAMPLE.ip, port: 40_001 };
  const { dns } = await decodeFrames([
    ask(query),
    ask(query),
    reply(answer(query)),
    reply(answer(query)),
    ask(query),
    reply(answer(question("unasked.example")), other),
  ]);
  expect(dns.map(({ name, status }) => [name, status])).toEqual([
    ["again.example", "NOERROR"],
    ["again.example", null],
    ["unasked.example", "NOERROR"],
  ]);
});

test("gives each kind of answer a text", () => {
  const packet = answer(question("kinds.example", "TXT"), [
    { type: "AAAA", name: "kinds.example", data: "2001:db8::1" },
    { type: "MX", name: "kinds.example", data: { preference: 10, exchange: "mail.example" } },
    { type: "SRV", name: "kinds.example", data: { priority: 1, weight: 2, port: 389, target: "dc.example" } },
    { type: "TXT", name: "kinds.example", data: ["run ", "\u001b[2Jthis"] },
    { type: "NULL", name: "kinds.example", data: Buffer.from("deadbeef", "hex") },
  ]);
  expect(readDnsMessage(encode(packet), unlimited())?.answers).toEqual([
    "2001:db8::1",
    "10 mail.example",
    "1 2 389 dc.example",
    "run \\x1b[2Jthis",
    "deadbeef",
  ]);
});

test("reads messages on a TCP stream, and their split over segments", async () => {
  const query = question("tunnel.example", "TXT");
  const data = [Buffer.alloc(200, 0x61), Buffer.alloc(200, 0x62)];
  const response = answer(query, [{ type: "TXT", name: "tunnel.example", data }]);
  const second = question("second.example", "A", 9);
  const { dns, flows } = await decodeFrames(
    buildConnection(SAMPLE, PEER, [
      { by: "client", bytes: streamEncode(query).subarray(0, 5) },
      { by: "client", bytes: streamEncode(query).subarray(5) },
      { by: "server", bytes: streamEncode(response) },
      { by: "client", bytes: streamEncode(second) },
    ]),
  );
  expect(flows[0]?.application).toBe("dns");
  expect(dns.map(({ name, status }) => [name, status])).toEqual([
    ["tunnel.example", "NOERROR"],
    ["second.example", null],
  ]);
  expect(dns[0]?.answers).toEqual(["a".repeat(200) + "b".repeat(200)]);
});

test("makes hostile names printable", () => {
  const message = encode(question("xxxx.example"));
  message.write("\u001b]0;", 13, "latin1");
  expect(readDnsMessage(message, unlimited())?.name).toBe("\\x1b]0;.example");
  message.write("\xff\xfe\0\n", 13, "latin1");
  expect(readDnsMessage(message, unlimited())?.name).toBe("\ufffd\ufffd\\x00\\n.example");
});

test("keeps the question of a message whose answers can't be read", () => {
  const query = question("half.example");
  const message = encode(answer(query, [{ type: "A", name: "half.example", data: "192.0.2.1" }]));
  const cut = message.subarray(0, message.length - 3);
  expect(readDnsMessage(cut, unlimited())).toMatchObject({ name: "half.example", answers: [], answersDropped: true });
});

test("follows chains of compression pointers only while the work lasts", () => {
  const query = question("chain.example");
  const answers = Array.from({ length: 64 }, () => ({
    type: "A" as const,
    name: "chain.example",
    data: "203.0.113.1",
  }));
  const message = encode(answer(query, answers));
  const hostile = Buffer.concat([message, Buffer.alloc(14_000, 0xc0)]);
  const work = { left: 2_000_000 };
  expect(readDnsMessage(hostile, work)?.answers).toHaveLength(64);
  expect(readDnsMessage(hostile, work)).toMatchObject({ name: "chain.example", answers: [], answersDropped: true });
  expect(work.left).toBeGreaterThanOrEqual(0);
});

test("does not take other traffic for DNS", () => {
  expect(looksLikeDns(Buffer.from("GET / HTTP/1.1\r\nHost: example\r\n\r\n"))).toBe(false);
  expect(looksLikeDns(Buffer.alloc(64))).toBe(false);
  expect(looksLikeDns(Buffer.alloc(64, 0xff))).toBe(false);
  const pointing = encode(question("pointing.example"));
  pointing.writeUInt16BE(0xc00c, 12);
  expect(looksLikeDns(pointing)).toBe(false);
  expect(splitDnsStream(Buffer.from([0, 200, 1]))).toEqual([]);
});
