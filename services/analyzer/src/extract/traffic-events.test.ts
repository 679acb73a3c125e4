import { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import type { FlowObservation, NetworkObservations } from "../packets/network-observations.ts";
import { extractRecords } from "./testing/extracting.ts";
import { BOOT_TO_UNIX_NS } from "./testing/recordings.ts";
import { by, ipv4, TCP, task, UDP } from "./testing/trace-records.ts";

const shell = task(1);
const child = task(2);
const me = by(shell);
const other = by(child);
const family = [me.exec(1, ["/bin/sh"]), me.fork(1.5, child), other.exec(1.6, ["/bin/curl"])];

const SAMPLE = "10.66.0.2";
const SINK = "10.66.0.1";
const SERVER = "203.0.113.5";

function at(ms: number): bigint {
  return BOOT_TO_UNIX_NS + BigInt(ms) * 1_000_000n;
}

function flow(changes: Partial<FlowObservation> & { readonly ms?: number } = {}): FlowObservation {
  const { ms = 10, ...rest } = changes;
  return {
    id: 0,
    protocol: "tcp",
    sourceIp: SAMPLE,
    sourcePort: 40_000,
    destinationIp: SERVER,
    destinationPort: 80,
    initiatedBySample: true,
    startTime: at(ms),
    endTime: at(ms + 1),
    packets: 6,
    bytesSent: 20,
    bytesReceived: 30,
    established: true,
    reset: false,
    application: "http",
    firstSent: Buffer.from("GET / HTTP/1.1\r\n"),
    firstReceived: new Uint8Array(),
    gapBytes: 0,
    ...rest,
  };
}

/** A connection that our own sinkhole began. */
const inbound = flow({
  sourceIp: SINK,
  sourcePort: 50_000,
  destinationIp: SAMPLE,
  destinationPort: 8080,
  initiatedBySample: false,
});

const connect = (localPort?: number, changes = {}) => ({
  remote: ipv4(SERVER, 80),
  ...(localPort === undefined ? {} : { local: ipv4(SAMPLE, localPort) }),
  ...changes,
});

function run(records: Parameters<typeof extractRecords>[0], network: Partial<NetworkObservations>) {
  return extractRecords([...family, ...records], { network });
}

describe("flows and processes", () => {
  test("by local port, even among many", () => {
    const { fields, traffic } = run(
      [me.socket(10, "connect", connect(40_001)), other.socket(10, "connect", connect(40_000))],
      { flows: [flow({ id: 0 }), flow({ id: 1, sourcePort: 40_001 })] },
    );
    expect(traffic.flows.map(({ process }) => process)).toEqual([child.key, shell.key]);
    expect(fields("network_connection")).toMatchObject([
      { Image: "/bin/sh", SourcePort: 40_001, Application: "http", BytesSent: 20, BytesReceived: 30, Initiated: true },
      { Image: "/bin/curl", SourcePort: 40_000 },
    ]);
  });

  test("without ports by time, when one process could be meant", () => {
    const { fields } = run([other.socket(11, "connect", connect())], { flows: [flow({})] });
    expect(fields("network_connection")).toMatchObject([
      { Image: "/bin/curl", SourcePort: 40_000, DestinationIp: SERVER },
    ]);
  });

  test("but not when two could", () => {
    const records = [me.socket(10, "connect", connect()), other.socket(11, "connect", connect())];
    const { fields, traffic } = run(records, { flows: [flow({})] });
    expect(traffic.flows[0]?.process).toBeNull();
    expect(fields("network_connection")).toHaveLength(3);
    expect(fields("network_connection").find((connection) => connection.Image === undefined)).toMatchObject({
      BytesSent: 20,
    });
  });

  test("a repeated connect without a record of its own is its only caller's", () => {
    const { fields } = run([other.socket(10, "connect", connect(40_000))], {
      flows: [flow({}), flow({ id: 1, ms: 9_000, sourcePort: 40_002 })],
    });
    expect(fields("network_connection")).toMatchObject([
      { Image: "/bin/curl", SourcePort: 40_000 },
      { Image: "/bin/curl", SourcePort: 40_002 },
    ]);
  });

  test("IPv4 in an IPv6 socket is the IPv4 on the wire", () => {
    const remote = { family: "ipv6", address: "::ffff:203.0.113.5", port: 80 } as const;
    const { fields } = run([me.socket(10, "connect", { socket: { ...TCP, family: 10 }, remote })], {
      flows: [flow({})],
    });
    expect(fields("network_connection")).toMatchObject([
      { Image: "/bin/sh", DestinationIp: SERVER, SourcePort: 40_000 },
    ]);
  });
});

describe("connections", () => {
  test("that never reached the wire stay, with how they ended", () => {
    const { fields } = run(
      [
        me.socket(2, "connect", { remote: ipv4("127.0.0.1", 6379), result: -111 }),
        me.socket(3, "connect", {
          socket: { family: 1, type: 1, protocol: 0 },
          remote: { family: "unix", path: "@bus" },
        }),
        me.socket(4, "connect", { socket: UDP, remote: { family: "other", number: 0 } }),
      ],
      {},
    );
    expect(fields("network_connection")).toMatchObject([
      { Protocol: "tcp", DestinationPort: 6379, Result: "ECONNREFUSED" },
      { Protocol: "unix", DestinationPath: "@bus", Result: "ok" },
    ]);
  });

  test("a non-blocking connect is one connection, and the wire says how it went", () => {
    const { fields, collapsed } = run(
      [
        me.socket(10, "connect", connect(40_000, { result: -115 })),
        me.socket(12, "connect", connect(40_000, { result: -106 })),
        other.socket(10, "connect", connect(40_001, { result: -115 })),
      ],
      { flows: [flow({ sourcePort: 40_001 })] },
    );
    expect(fields("network_connection").map((connection) => connection.Result)).toEqual(["ok", "ok"]);
    expect(collapsed).toBe(1);
  });

  test("datagrams to one end are one, their bytes added", () => {
    const send = (ms: number) =>
      me.socket(ms, "send", { socket: UDP, remote: ipv4(SERVER, 9), bytes: 100, result: 100 });
    expect(run([send(2), send(3), send(4)], {}).fields("network_connection")).toMatchObject([
      { Protocol: "udp", BytesSent: 300 },
    ]);
  });

  test("accepted ones were begun elsewhere", () => {
    const accepted = { local: ipv4(SAMPLE, 8080), remote: ipv4(SINK, 50_000), result: 5 };
    const { fields } = run([me.socket(10, "accept", accepted)], { flows: [inbound] });
    expect(fields("network_connection")).toMatchObject([
      { Image: "/bin/sh", Initiated: false, SourceIp: SINK, DestinationPort: 8080, BytesSent: 20 },
    ]);
  });

  test("answering a probe by datagram is not beginning", () => {
    const answer = { socket: UDP, local: ipv4(SAMPLE, 8080), remote: ipv4(SINK, 50_000), bytes: 20, result: 20 };
    const { fields } = run([me.socket(11, "send", answer)], { flows: [{ ...inbound, protocol: "udp" }] });
    expect(fields("network_connection")).toMatchObject([
      {
        Image: "/bin/sh",
        Protocol: "udp",
        Initiated: false,
        SourceIp: SINK,
        DestinationIp: SAMPLE,
        DestinationPort: 8080,
      },
    ]);
  });

  test("listeners know whether the image declares their port", () => {
    const listen = (ms: number, port: number) => me.socket(ms, "listen", { local: ipv4("0.0.0.0", port) });
    const bind = (ms: number, port: number) => me.socket(ms, "bind", { socket: UDP, local: ipv4("0.0.0.0", port) });
    const { fields } = run([listen(2, 8080), listen(3, 31_337), listen(4, 8080), bind(5, 40_000), bind(6, 53)], {});
    expect(fields("network_listen")).toMatchObject([
      { Protocol: "tcp", LocalPort: 8080, Exposed: true },
      { Protocol: "tcp", LocalPort: 31_337, Exposed: false },
      { Protocol: "udp", LocalPort: 40_000 },
      { Protocol: "udp", LocalPort: 53, Exposed: false },
    ]);
    expect(fields("network_listen")[2]).not.toHaveProperty("Exposed");
  });

  test("sockets of unusual families are calls", () => {
    const { fields } = run(
      [me.socket(2, "socket", { socket: { family: 17, type: 3, protocol: 768 }, result: -1 })],
      {},
    );
    expect(fields("syscall")).toMatchObject([
      { SyscallName: "socket", Arguments: ["AF_PACKET", "SOCK_RAW", "768"], Denied: true },
    ]);
  });
});

describe("what only the wire knows", () => {
  const request = {
    time: at(11),
    flow: 0,
    method: "POST",
    uri: "/a?b=1",
    query: "b=1",
    host: "c2.example",
    userAgent: "curl/8",
    referrer: "",
    cookie: "",
    status: 200,
    requestBodyHead: "x=1",
    bytes: 99,
    contentLength: 3,
  };
  const hello = { time: at(11), flow: 0, serverName: "c2.example", alpn: ["h2"], version: "TLSv1.3", ja3: "abc" };
  const query = (ms: number, name: string, flowId: number) => ({
    time: at(ms),
    flow: flowId,
    name,
    type: "A",
    status: "NOERROR",
    answers: [SERVER],
  });

  test("a flow that no call explains is kept, without a process", () => {
    const { events } = run([], { flows: [flow({})] });
    expect(events.filter(({ category }) => category === "network_connection")).toMatchObject([
      { process: null, fields: { DestinationIp: SERVER, Initiated: true, Result: "ok" } },
    ]);
  });

  test("answers to our own probes are no payloads, requests or hellos of the sample", () => {
    const { events, fields } = run([], {
      flows: [inbound],
      http: [request],
      tls: [hello],
      dns: [query(11, "x", 0)],
    });
    expect(fields("network_connection")).toMatchObject([{ Initiated: false }]);
    expect(events.filter(({ process }) => process === null)).toHaveLength(1);
  });

  test("what the kernel sends on its own is nobody's behaviour", () => {
    const chatter = flow({ protocol: "icmp", application: "icmp-133", sourcePort: 0, destinationPort: 0 });
    expect(run([], { flows: [chatter] }).events).toHaveLength(2);
  });

  test("requests, hellos, queries and first bytes belong to the flow's process", () => {
    const dnsFlow = flow({
      id: 1,
      ms: 5,
      protocol: "udp",
      sourcePort: 41_000,
      destinationIp: SINK,
      destinationPort: 53,
      application: "dns",
    });
    const { events, fields } = run(
      [
        other.socket(5, "connect", { socket: UDP, local: ipv4(SAMPLE, 41_000), remote: ipv4(SINK, 53) }),
        other.socket(10, "connect", connect(40_000)),
      ],
      { flows: [flow({}), dnsFlow], http: [request], tls: [hello], dns: [query(5, "c2.example", 1)] },
    );
    expect(fields("proxy")).toMatchObject([
      { "c-uri": "http://c2.example/a?b=1", "cs-method": "POST", Image: "/bin/curl", RequestBody: "x=1", dst_port: 80 },
    ]);
    expect(fields("tls")).toMatchObject([{ ServerName: "c2.example", Image: "/bin/curl" }]);
    expect(fields("dns_query")).toMatchObject([{ QueryName: "c2.example", QueryResults: SERVER, Image: "/bin/curl" }]);
    expect(fields("payload")).toMatchObject([
      { Data: "GET / HTTP/1.1\\r\\n", DestinationHostname: "c2.example", Length: 20, Image: "/bin/curl" },
    ]);
    for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
  });

  test("what is sent further on in a flow is its process's too, and does not tell the flow's kind again", () => {
    const piece = { time: at(12), flow: 0, offset: 768, data: Buffer.from("root:$6$abc:19000:") };
    const { events, fields } = run([other.socket(10, "connect", connect(40_000))], {
      flows: [flow({ application: "unknown", bytesSent: 900 }), { ...inbound, id: 1 }],
      sent: [piece, { ...piece, flow: 1 }],
    });
    expect(fields("payload")).toMatchObject([
      { Application: "unknown", Length: 900 },
      { Data: "root:$6$abc:19000:", Offset: 768, Length: 900, Image: "/bin/curl", DestinationPort: 80 },
    ]);
    expect(fields("payload")[0]).not.toHaveProperty("Offset");
    expect(fields("payload")[1]).not.toHaveProperty("Application");
    for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
  });

  test("bytes of protocols without ports are payloads, but not the kernel's own", () => {
    const portless = { protocol: "other", sourcePort: 0, destinationPort: 0 } as const;
    const { events, fields } = run([], {
      flows: [flow({ ...portless, application: "ip-47" }), flow({ ...portless, id: 1, application: "ip-2" })],
    });
    expect(fields("payload")).toMatchObject([{ Protocol: "other", Application: "ip-47", DestinationIp: SERVER }]);
    expect(fields("payload")[0]).not.toHaveProperty("DestinationPort");
    for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
  });

  test("a name is known from its answer on, not before", () => {
    const dnsFlow = flow({
      id: 1,
      ms: 5,
      protocol: "udp",
      destinationIp: SINK,
      destinationPort: 53,
      application: "dns",
    });
    const { fields } = run(
      [me.socket(2, "connect", connect()), me.socket(6, "connect", connect()), me.socket(9, "connect", connect())],
      { flows: [dnsFlow], dns: [query(5, "one.example", 0), query(8, "two.example", 0)] },
    );
    const names = fields("network_connection")
      .filter((c) => c.DestinationIp === SERVER)
      .map((c) => c.DestinationHostname);
    expect(names).toEqual([undefined, "one.example", "two.example"]);
  });
});
