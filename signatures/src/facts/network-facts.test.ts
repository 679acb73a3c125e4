import type { EventOf } from "@airlock/contracts";
import { describe, expect, it } from "vitest";
import { deriveAll } from "../testing/derive.ts";
import { eventMaker } from "../testing/make-event.ts";

const to = (
  ip: string,
  port: number,
  more: Partial<EventOf<"network_connection">["fields"]> = {},
): EventOf<"network_connection">["fields"] => ({
  Image: "/bin/nc",
  Protocol: "tcp",
  Initiated: true,
  DestinationIp: ip,
  DestinationPort: port,
  ...more,
});

describe("ports-touched", () => {
  it("counts ports of one host within a minute, answered or not, over many processes of one image", () => {
    const make = eventMaker();
    const events = Array.from({ length: 20 }, (_, index) =>
      make("network_connection", to("198.51.100.1", 1000 + index, { Result: "ECONNREFUSED" }), {
        at: index,
        process: `${index}:1`,
      }),
    );
    const facts = deriveAll("ports-touched", events);
    expect(facts.map((fields) => fields["Ports"])).toEqual(Array.from({ length: 19 }, (_, index) => index + 2));
    expect(facts.at(-1)).toMatchObject({ DestinationIp: "198.51.100.1", Protocol: "tcp", Seconds: 19 });
    expect(facts.at(-1)?.Sources).toEqual(["e1", "e2", "e3", "e4", "e20"]);
  });

  it("forgets what is older than a minute, and keeps hosts, images and protocols apart", () => {
    const make = eventMaker();
    const facts = deriveAll("ports-touched", [
      make("network_connection", to("198.51.100.1", 1), { at: 0 }),
      make("network_connection", to("198.51.100.1", 2), { at: 61 }),
      make("network_connection", to("198.51.100.2", 3), { at: 62 }),
      make("network_connection", to("198.51.100.1", 4, { Image: "/bin/x" }), { at: 63 }),
      make("network_connection", to("198.51.100.1", 5, { Protocol: "udp" }), { at: 64 }),
      make("network_connection", to("198.51.100.1", 0), { at: 65 }),
      make("network_connection", to("198.51.100.1", 6, { Initiated: false }), { at: 66 }),
    ]);
    expect(facts).toEqual([]);
  });

  it("passes on any count a rule may ask for, without one event for each port of a full scan", () => {
    const make = eventMaker();
    const events = Array.from({ length: 1003 }, (_, index) =>
      make("network_connection", to("198.51.100.1", 1 + index), { at: index / 100 }),
    );
    const counts = deriveAll("ports-touched", events).map((fields) => Number(fields["Ports"]));
    expect(Math.max(...counts)).toBe(1003);
    expect(counts.length).toBeLessThan(60);
  });
});

it("hosts-touched counts hosts on one port, by name where there is one", () => {
  const make = eventMaker();
  const facts = deriveAll("hosts-touched", [
    make("network_connection", to("198.51.100.1", 22, { DestinationHostname: "a.example" })),
    make("network_connection", to("198.51.100.1", 22, { DestinationHostname: "b.example" })),
    make("network_connection", to("198.51.100.9", 22)),
    make("network_connection", to("198.51.100.9", 22)),
    make("network_connection", to("198.51.100.8", 23)),
  ]);
  expect(facts.map((fields) => [fields["Hosts"], fields["DestinationPort"]])).toEqual([
    [2, 22],
    [3, 22],
  ]);
});

describe("connections-repeated", () => {
  const series = (times: readonly number[]) => {
    const make = eventMaker();
    return deriveAll(
      "connections-repeated",
      times.map((at) => make("network_connection", to("198.51.100.1", 443), { at })),
    );
  };

  it("finds a steady beat", () => {
    expect(series([0, 5, 10, 15, 20]).at(-1)).toMatchObject({
      Connections: 5,
      IntervalSeconds: 5,
      IntervalJitter: 0,
      Seconds: 20,
    });
  });

  it("tells it from an uneven one", () => {
    expect(series([0, 1, 9, 10, 30]).at(-1)?.["IntervalJitter"]).toBeGreaterThan(0.5);
  });

  it("says nothing of jitter where there is no rhythm to measure", () => {
    expect(series([0, 5]).at(-1)).not.toHaveProperty("IntervalJitter");
    expect(series([1, 1, 1, 1]).at(-1)).not.toHaveProperty("IntervalJitter");
  });

  it("is silent on loopback and resolvers", () => {
    const make = eventMaker();
    const events = [0, 1, 2].flatMap((at) => [
      make("network_connection", to("127.0.0.1", 5432), { at }),
      make("network_connection", to("198.51.100.53", 53, { Protocol: "udp" }), { at }),
    ]);
    expect(deriveAll("connections-repeated", events)).toEqual([]);
  });
});

describe("names-asked", () => {
  it("measures the labels below a domain, each name once", () => {
    const make = eventMaker();
    const names = [
      "abcdefghijklmnopqrstuvwx.t.example.net",
      "ABCDEFGHIJKLMNOPQRSTUVWX.t.example.net.",
      "aa.example.net",
    ];
    const facts = deriveAll(
      "names-asked",
      [...names, "example.net", "www.other.org"].map((QueryName) => make("dns_query", { QueryName, QueryType: "A" })),
    );
    expect(facts).toMatchObject([
      { Zone: "example.net", Names: 1, LongNames: 1, MeanLabelLength: 12.5 },
      { Zone: "example.net", Names: 2, LongNames: 1, MeanLabelLength: 9, Sources: ["e1", "e3"] },
      { Zone: "other.org", Names: 1, LongNames: 0, MeanLabelLength: 3 },
    ]);
  });
});

describe("pipe-from-network", () => {
  const shell = { ParentProcessId: 1, ParentImage: "/bin/sh" };
  const curl = { Image: "/bin/curl", CommandLine: "curl x", StdoutToImage: "/bin/bash", ...shell };
  const reader = { Image: "/bin/bash", StdinKind: "pipe", StdinFromImage: "/bin/curl", ...shell } as const;
  const connection = to("198.51.100.1", 443, { Image: "/bin/curl" });

  it("sees the reader, whether the writer connects before or after", () => {
    const make = eventMaker();
    const events = [
      make("process_creation", curl, { process: "2:2" }),
      make("process_creation", reader, { process: "3:3" }),
      make("network_connection", connection, { process: "2:2" }),
    ];
    const expected = {
      Image: "/bin/bash",
      WriterImage: "/bin/curl",
      WriterCommandLine: "curl x",
      DestinationPort: 443,
    };
    expect(deriveAll("pipe-from-network", events)).toMatchObject([{ ...expected, Sources: ["e1", "e3", "e2"] }]);
    const [first, second, third] = events;
    const other = [first, third, second].flatMap((event) => (event === undefined ? [] : [event]));
    expect(deriveAll("pipe-from-network", other)).toMatchObject([expected]);
  });

  it("is silent on pipes from programs that did not connect, and on connections of programs that write elsewhere", () => {
    const make = eventMaker();
    const facts = deriveAll("pipe-from-network", [
      make("process_creation", { ...curl, StdoutToImage: "/bin/tar" }, { process: "2:2" }),
      make("network_connection", connection, { process: "2:2" }),
      make("process_creation", { ...curl, CommandLine: "curl file:///x" }, { process: "4:4" }),
      make("process_creation", reader, { process: "3:3" }),
    ]);
    expect(facts).toEqual([]);
  });

  it("keeps pipelines of one image apart, whose programs start in any order", () => {
    const make = eventMaker();
    const box = { Image: "/bin/busybox", ParentProcessId: 1 };
    const writes = { ...box, StdoutToImage: "/bin/busybox" };
    const web = to("198.51.100.1", 80, { Image: "/bin/busybox" });
    const reads = { ...box, StdinFromImage: "/bin/busybox", CommandLine: "sh" };
    const facts = deriveAll("pipe-from-network", [
      make("process_creation", { ...writes, CommandLine: "wget x" }, { process: "2:2", at: 1 }),
      make("process_creation", { ...reads, ProcessId: 3 }, { process: "3:3", at: 1.001 }),
      make("network_connection", web, { process: "2:2", at: 1.1 }),
      make("network_connection", web, { process: "2:2", at: 1.2 }),
      make("process_creation", { ...reads, ProcessId: 4 }, { process: "4:4", at: 1.5 }),
      make("process_creation", { ...writes, CommandLine: "base64 -d" }, { process: "5:5", at: 1.501 }),
      make("process_creation", { ...box, CommandLine: "wget y" }, { process: "6:6", at: 1.6 }),
      make("network_connection", web, { process: "6:6", at: 1.7 }),
    ]);
    expect(facts).toMatchObject([
      { ProcessId: 3, ReaderCommandLine: "sh", WriterCommandLine: "wget x", SecondsBetween: 0.001 },
    ]);
  });
});

it("server-spawned-process tells what a listening image starts, and for how long it had listened", () => {
  const make = eventMaker();
  const facts = deriveAll("server-spawned-process", [
    make("process_creation", { Image: "/bin/sh", ParentImage: "/usr/sbin/httpd" }, { at: 0 }),
    make("network_listen", { Image: "/usr/sbin/httpd", Protocol: "tcp", LocalPort: 80 }, { at: 1 }),
    make("network_listen", { Image: "/bin/agent", Protocol: "unix", LocalPath: "/run/a" }, { at: 1 }),
    make("process_creation", { Image: "/bin/sh", ParentImage: "/usr/sbin/httpd" }, { at: 9, process: "7:7" }),
    make("process_creation", { Image: "/bin/sh", ParentImage: "/bin/agent" }, { at: 10 }),
  ]);
  expect(facts).toMatchObject([
    { Image: "/bin/sh", ServerImage: "/usr/sbin/httpd", LocalPort: 80, ListenSeconds: 8, Sources: ["e2", "e4"] },
  ]);
});
