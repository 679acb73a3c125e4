import { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { extractRecords } from "./testing/extracting.ts";
import { by, file, given, TCP, task } from "./testing/trace-records.ts";

const me = by(task(1));
const begin = me.exec(1, ["/bin/tool"]);

describe("what is submitted to an io_uring", () => {
  test("is told as such, with what it names", () => {
    const { fields } = extractRecords([
      begin,
      me.ring(2, "OPENAT", { path: given("shadow", "/etc"), flags: 0o100000, mode: 0 }),
      me.ring(3, "FSYNC", { fd: 0, registered: true, file: file("/tmp/data") }),
      me.ring(4, "CONNECT", { fd: 5, socket: TCP, remote: { family: "ipv4", address: "203.0.113.9", port: 443 } }),
      me.ring(5, "OP_99"),
    ]);
    expect(fields("syscall")).toMatchObject([
      { SyscallName: "io_uring", Arguments: ["OPENAT", "/etc/shadow", "0", "0000"], TargetFilename: "/etc/shadow" },
      { Arguments: ["FSYNC", "registered file 0"], TargetFilename: "/tmp/data" },
      { Arguments: ["CONNECT", expect.stringContaining("SOCK_STREAM"), "203.0.113.9:443", "fd 5"] },
      { Arguments: ["OP_99"] },
    ]);
  });

  test("is told once more as the deed that it is, with no result", () => {
    const { events, fields } = extractRecords([
      begin,
      me.ring(2, "OPENAT", { path: given("/etc/shadow"), flags: 0 }),
      me.ring(3, "OPENAT", { path: given("/tmp/new"), flags: 0o101 }),
      me.ring(4, "OPENAT2", { path: given("/tmp/old"), flags: 1 }),
      me.ring(4.2, "WRITE", { file: file("/tmp/old"), head: Buffer.from("#!/bin/sh\n"), bytes: 10 }),
      me.ring(4.4, "WRITE", { file: file("/pipe", { mode: 0o10600 }), bytes: 1 }),
      me.ring(5, "MKDIRAT", { path: given("/tmp/made") }),
      me.ring(6, "SYMLINKAT", { path: given("/tmp/pointer"), other: given("../nowhere", "") }),
      me.ring(7, "LINKAT", { path: given("/tmp/second"), other: given("new", "/tmp") }),
      me.ring(8, "RENAMEAT", { path: given("/tmp/new"), other: given("/tmp/renamed") }),
      me.ring(9, "UNLINKAT", { path: given("/tmp/renamed") }),
      me.ring(10, "SEND", { socket: TCP, remote: { family: "ipv4", address: "203.0.113.9", port: 53 }, bytes: 7 }),
    ]);
    expect(fields("file_access")).toMatchObject([{ TargetFilename: "/etc/shadow" }]);
    expect(fields("file_event")).toMatchObject([
      { TargetFilename: "/tmp/new", Operation: "create" },
      { TargetFilename: "/tmp/old", Operation: "write" },
      { TargetFilename: "/tmp/old", Operation: "write", Content: "#!/bin/sh\\n", ContentType: "script" },
      { TargetFilename: "/tmp/made", Operation: "mkdir" },
      { TargetFilename: "/tmp/pointer", Operation: "symlink", SourceFilename: "../nowhere" },
      { TargetFilename: "/tmp/second", Operation: "link", SourceFilename: "/tmp/new" },
    ]);
    expect(fields("file_rename")).toMatchObject([{ TargetFilename: "/tmp/renamed", SourceFilename: "/tmp/new" }]);
    expect(fields("file_delete")).toMatchObject([{ TargetFilename: "/tmp/renamed" }]);
    expect(fields("network_connection")).toMatchObject([
      { Protocol: "tcp", Initiated: true, DestinationIp: "203.0.113.9", DestinationPort: 53, BytesSent: 7 },
    ]);
    for (const event of events) {
      expect(BehaviourEvent.parse(event)).toEqual(event);
      expect(event.fields).not.toHaveProperty("Result");
    }
  });
});
