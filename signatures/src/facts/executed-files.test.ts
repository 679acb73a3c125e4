import { describe, expect, it } from "vitest";
import { deriveAll } from "../testing/derive.ts";
import { eventMaker } from "../testing/make-event.ts";

const web = { Protocol: "tcp", Initiated: true, DestinationIp: "198.51.100.1", DestinationPort: 443 } as const;
const dropped = { TargetFilename: "/tmp/x", Operation: "create", FileOrigin: "upper" } as const;

describe("file-dropped-then-executed", () => {
  const measure = (...events: Parameters<typeof deriveAll>[1]) => deriveAll("file-dropped-then-executed", events);

  it("tells who wrote what is run, whether connected, and how long before", () => {
    const make = eventMaker();
    const facts = measure(
      make("process_creation", { Image: "/bin/cc", CommandLine: "cc x.c", Ancestors: ["/bin/sh"] }, { process: "2:2" }),
      make("file_event", { ...dropped, ContentType: "elf" }, { process: "2:2", at: 10 }),
      make("process_creation", { Image: "/tmp/x", ProcessId: 3 }, { process: "3:3", at: 12.5 }),
    );
    expect(facts).toEqual([
      {
        Fact: "file-dropped-then-executed",
        Sources: ["e2", "e3"],
        Image: "/tmp/x",
        ProcessId: 3,
        TargetFilename: "/tmp/x",
        ExecutedAs: "image",
        FileOrigin: "upper",
        ContentType: "elf",
        WriterImage: "/bin/cc",
        WriterCommandLine: "cc x.c",
        WriterAncestors: ["/bin/sh"],
        WriterIsSelf: false,
        WriterConnected: false,
        Downloaded: false,
        SecondsBetween: 2.5,
      },
    ]);
  });

  it("sees scripts, and files under the name they were moved to", () => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", { ...dropped, TargetFilename: "/tmp/part" }, { process: "2:2" }),
      make("file_rename", { SourceFilename: "/tmp/part", TargetFilename: "/tmp/run.sh" }, { process: "3:3" }),
      make("process_creation", { Image: "/bin/sh", Script: "/tmp/run.sh" }, { process: "4:4" }),
      make("process_creation", { Image: "/bin/sh", Script: "/tmp/part" }, { process: "5:5" }),
    );
    expect(facts).toMatchObject([{ TargetFilename: "/tmp/run.sh", ExecutedAs: "script", Sources: ["e1", "e3"] }]);
  });

  it("remembers that a file was the image's before it was changed", () => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", { TargetFilename: "/bin/ls", Operation: "write", FileOrigin: "copied-up" }),
      make("file_event", { TargetFilename: "/bin/ls", Operation: "write", FileOrigin: "upper" }),
      make("process_creation", { Image: "/bin/ls" }),
    );
    expect(facts).toMatchObject([{ FileOrigin: "copied-up", WriterIsSelf: true }]);
  });

  it("is silent on files that were not written, failed to be, or are gone", () => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", { ...dropped, Result: "EACCES" }),
      make("process_creation", { Image: "/tmp/x" }),
      make("file_event", { ...dropped, TargetFilename: "/tmp/y" }),
      make("file_delete", { TargetFilename: "/tmp/y" }),
      make("process_creation", { Image: "/tmp/y" }),
      make("file_event", { TargetFilename: "/tmp/dir", Operation: "mkdir" }),
      make("process_creation", { Image: "/tmp/dir" }),
    );
    expect(facts).toEqual([]);
  });
});

describe("downloaded-then-executed", () => {
  const measure = (...events: Parameters<typeof deriveAll>[1]) => deriveAll("downloaded-then-executed", events);

  it("follows bytes from the connection over copies to the start", () => {
    const make = eventMaker();
    const facts = measure(
      make("process_creation", { Image: "/bin/curl", CommandLine: "curl x" }, { process: "2:2" }),
      make("network_connection", { ...web, DestinationHostname: "h.example" }, { process: "2:2" }),
      make("file_event", { ...dropped, TargetFilename: "/tmp/a.gz" }, { process: "2:2" }),
      make("file_access", { TargetFilename: "/tmp/a.gz" }, { process: "3:3" }),
      make("file_event", { ...dropped, TargetFilename: "/tmp/a" }, { process: "3:3" }),
      make("file_access", { TargetFilename: "/tmp/a" }, { process: "4:4" }),
      make("file_event", dropped, { process: "4:4" }),
      make("process_creation", { Image: "/tmp/x" }, { process: "5:5" }),
    );
    expect(facts).toMatchObject([
      {
        Hops: 2,
        DownloaderImage: "/bin/curl",
        DownloaderCommandLine: "curl x",
        DestinationHostname: "h.example",
        DestinationPort: 443,
        Sources: ["e2", "e7", "e8"],
      },
    ]);
  });

  it("sees a redirection that was opened before its command connected", () => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", dropped, { process: "2:2" }),
      make("network_connection", { ...web, Result: "EINPROGRESS" }, { process: "2:2" }),
      make("process_creation", { Image: "/tmp/x" }, { process: "3:3" }),
    );
    expect(facts).toMatchObject([{ Hops: 0, TargetFilename: "/tmp/x" }]);
  });

  it.each([
    ["an accepted connection", { ...web, Initiated: false }],
    ["loopback", { ...web, DestinationIp: "127.0.0.1" }],
    ["IPv6 loopback", { ...web, DestinationIp: "::1" }],
    ["a refused connection", { ...web, Result: "ECONNREFUSED" }],
    ["a question to a resolver", { ...web, Protocol: "udp", DestinationPort: 53, BytesSent: 40 } as const],
    ["a datagram socket that sent nothing", { ...web, Protocol: "udp" } as const],
    ["a unix socket", { Protocol: "unix", Initiated: true, DestinationPath: "/run/x" } as const],
  ])("does not take %s for a download", (_what, connection) => {
    const make = eventMaker();
    const facts = measure(
      make("network_connection", connection, { process: "2:2" }),
      make("file_event", dropped, { process: "2:2" }),
      make("process_creation", { Image: "/tmp/x" }, { process: "3:3" }),
    );
    expect(facts).toEqual([]);
  });

  it("does not blame who reads what it wrote itself, or reads something else", () => {
    const make = eventMaker();
    const facts = measure(
      make("network_connection", web, { process: "2:2" }),
      make("file_event", { ...dropped, TargetFilename: "/tmp/data" }, { process: "2:2" }),
      make("file_access", { TargetFilename: "/etc/hosts" }, { process: "3:3" }),
      make("file_event", dropped, { process: "3:3" }),
      make("file_access", { TargetFilename: "/tmp/x" }, { process: "3:3" }),
      make("process_creation", { Image: "/tmp/x" }, { process: "4:4" }),
    );
    expect(facts).toEqual([]);
  });
});

describe("executed-file-deleted", () => {
  const measure = (...events: Parameters<typeof deriveAll>[1]) => deriveAll("executed-file-deleted", events);

  it("tells a program that deletes itself", () => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", dropped, { process: "2:2", at: 1 }),
      make("process_creation", { Image: "/tmp/x", ImageOrigin: "upper" }, { process: "3:3", at: 2 }),
      make("file_delete", { TargetFilename: "/tmp/x" }, { process: "3:3", at: 5 }),
    );
    expect(facts).toMatchObject([
      {
        ExecutedAs: "image",
        ExecutedOrigin: "upper",
        DeletedBySelf: true,
        StillRunning: true,
        SecondsSinceStart: 3,
        WrittenInRun: true,
        SecondsSinceWritten: 4,
        Sources: ["e1", "e2", "e3"],
      },
    ]);
  });

  it("tells a script of the image that another one removes after its end", () => {
    const make = eventMaker();
    const facts = measure(
      make("process_creation", { Image: "/bin/sh", Script: "/start.sh", ScriptOrigin: "image" }, { process: "3:3" }),
      make("process_termination", { ExitCode: 0 }, { process: "3:3" }),
      make("file_delete", { TargetFilename: "/start.sh" }, { process: "4:4" }),
    );
    expect(facts).toMatchObject([
      { ExecutedAs: "script", ExecutedOrigin: "image", DeletedBySelf: false, StillRunning: false, WrittenInRun: false },
    ]);
  });

  it("is silent on other files and on refused deletions", () => {
    const make = eventMaker();
    const facts = measure(
      make("process_creation", { Image: "/tmp/x" }),
      make("file_delete", { TargetFilename: "/tmp/x", Result: "EPERM" }),
      make("file_delete", { TargetFilename: "/tmp/y" }),
    );
    expect(facts).toEqual([]);
  });
});

describe("written-file-preloaded", () => {
  const measure = (...events: Parameters<typeof deriveAll>[1]) => deriveAll("written-file-preloaded", events);

  it.each([
    ["LD_PRELOAD=/lib/libjemalloc.so:/tmp/x", "LD_PRELOAD"],
    ["LD_AUDIT=/tmp/x", "LD_AUDIT"],
    ["NODE_OPTIONS=--max-old-space-size=1 --require /tmp/x", "NODE_OPTIONS"],
    ["JAVA_TOOL_OPTIONS=-javaagent:/tmp/x=a", "JAVA_TOOL_OPTIONS"],
  ])("sees %s", (entry, variable) => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", dropped),
      make("process_creation", { Image: "/bin/ls", Environment: ["PATH=/tmp/x", entry] }),
    );
    expect(facts).toMatchObject([{ Variable: variable, TargetFilename: "/tmp/x", Image: "/bin/ls" }]);
  });

  it("is silent on libraries of the image and on other variables", () => {
    const make = eventMaker();
    const facts = measure(
      make("file_event", dropped),
      make("process_creation", { Environment: ["LD_PRELOAD=/lib/libjemalloc.so", "LD_LIBRARY_PATH=/tmp/x"] }),
    );
    expect(facts).toEqual([]);
  });
});
