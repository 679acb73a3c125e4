import { describe, expect, it } from "vitest";
import { excerptOf } from "./excerpt.ts";
import { eventMaker } from "./testing/make-event.ts";

const make = eventMaker();
const address = { DestinationIp: "198.51.100.1", DestinationPort: 443 };

describe("an excerpt", () => {
  it.each([
    [make("process_creation", { Image: "/bin/sh", CommandLine: "sh -c 'a\nb'" }), "/bin/sh started: sh -c 'a b'"],
    [make("process_fork", { Image: "/x", ForkedFrom: "1:1" }), "/x went on in a process of its own"],
    [make("process_termination", { Image: "/x", Signal: "SIGSEGV" }), "/x ended, SIGSEGV"],
    [make("process_access", { Image: "/x", CallName: "ptrace", TargetImage: "/y" }), "/x ptrace on /y"],
    [make("file_event", { TargetFilename: "/f", Operation: "create" }), "a process create /f"],
    [
      make("file_access", { Image: "/x", TargetFilename: "/f", Result: "EACCES", Denied: true }),
      "/x read /f (denied, EACCES)",
    ],
    [make("file_change", { TargetFilename: "/f", Change: "mode", Mode: "4755" }), "a process changed mode of /f 4755"],
    [make("file_rename", { SourceFilename: "/f", TargetFilename: "/g" }), "a process renamed /f to /g"],
    [make("file_delete", { TargetFilename: "/f", Result: "ENOENT" }), "a process deleted /f (ENOENT)"],
    [
      make("network_connection", { Protocol: "tcp", Initiated: true, ...address, DestinationHostname: "h" }),
      "a process connected to 198.51.100.1:443 (h) tcp",
    ],
    [
      make("network_connection", { Protocol: "unix", Initiated: true, DestinationPath: "/run/docker.sock" }),
      "a process connected to /run/docker.sock unix",
    ],
    [
      make("network_listen", { Protocol: "tcp", LocalIp: "0.0.0.0", LocalPort: 80 }),
      "a process listened on 0.0.0.0:80 tcp",
    ],
    [make("dns_query", { QueryName: "a.b", QueryType: "A" }), "a process asked for a.b A"],
    [make("proxy", { "c-uri": "http://h/x", "cs-method": "GET" }), "a process GET http://h/x"],
    [make("tls", { ServerName: "h", ...address }), "a process TLS to h:443"],
    [
      make("payload", { Protocol: "tcp", ...address, Data: "hi", Length: 2 }),
      "a process sent to 198.51.100.1:443 : hi",
    ],
    [make("output", { Stream: "stderr", Message: "oops" }), "stderr: oops"],
    [make("syscall", { SyscallName: "mount", Arguments: ["a", "b"] }), "a process mount(a, b)"],
    [make("driver_load", { SyscallName: "finit_module", ImageLoaded: "/m.ko" }), "a process loaded /m.ko"],
    [make("derived", { Fact: "f", Sources: ["e1"], Image: "/x", Ports: 3 }), "f: Image /x, Ports 3"],
  ])("of $category is one line", (event, expected) => {
    expect(excerptOf(event)).toBe(expected);
  });

  it("is cut between characters", () => {
    for (let length = 300; length < 330; length++) {
      const text = excerptOf(
        make("output", { Stream: "stdout", Message: "x".repeat(length - 8) + "\u{1F600}".repeat(20) }),
      );
      expect(text.length).toBeLessThanOrEqual(320);
      expect(text).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
    }
  });
});
