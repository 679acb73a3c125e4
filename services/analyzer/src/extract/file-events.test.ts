import { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { extractRecords } from "./testing/extracting.ts";
import { by, file, given, task } from "./testing/trace-records.ts";

const shell = task(1);
const me = by(shell);
const start = me.exec(1, ["/bin/sh"]);
const WRITE = 0o1;
const READ_WRITE = 0o2;
const CREATE = 0o100;
const TRUNCATE = 0o1000;

describe("what was asked for", () => {
  test("is told where the kernel found the file elsewhere", () => {
    const shadow = file("/etc/shadow");
    const { fields, collapsed } = extractRecords([
      start,
      me.open(2, "/etc/shadow", { file: shadow }),
      me.open(3, "/proc/1/root/etc/shadow", { file: shadow }),
      me.open(4, "root/etc/shadow", { path: given("root/etc/shadow", "/proc/1"), file: shadow }),
    ]);
    expect(
      fields("file_access").map(({ TargetFilename, RequestedFilename }) => [TargetFilename, RequestedFilename]),
    ).toEqual([
      ["/etc/shadow", undefined],
      ["/etc/shadow", "/proc/1/root/etc/shadow"],
    ]);
    expect(collapsed).toBe(1);
  });

  test("is all there is of a namespace, which is in no folder", () => {
    const { fields } = extractRecords([
      start,
      me.open(2, "/proc/1/ns/mnt", { file: file("//", { magic: 0x6e736673 }) }),
    ]);
    expect(fields("file_access")).toMatchObject([{ TargetFilename: "/proc/1/ns/mnt", FileOrigin: "virtual" }]);
  });
});

describe("opens for writing", () => {
  test("a created file takes its total and first bytes", () => {
    const made = file("/tmp/x", { layer: "upper", mode: 0o100755 });
    const { fields } = extractRecords([
      start,
      me.open(2, "/tmp/x", { flags: WRITE | CREATE, created: true, file: made }),
      me.wrote(3, made, "\x7fELF\x02\x01", 9_000),
      me.wrote(4, made, "more", 1_000),
    ]);
    expect(fields("file_event")).toEqual([
      {
        Image: "/bin/sh",
        ImageOrigin: "image",
        ProcessId: 1,
        User: "0",
        Result: "ok",
        TargetFilename: "/tmp/x",
        FileOrigin: "upper",
        Operation: "create",
        Mode: "0755",
        BytesWritten: 10_000,
        Content: "\\x7fELF\\x02\\x01",
        ContentType: "elf",
      },
    ]);
  });

  test("bytes written through an inherited descriptor are an event of the writer", () => {
    const log = file("/log", { layer: "upper" });
    const { fields } = extractRecords([start, me.wrote(2, log, "hello\n")]);
    expect(fields("file_event")).toMatchObject([
      { TargetFilename: "/log", Operation: "write", BytesWritten: 6, Content: "hello\\n", ContentType: "text" },
    ]);
  });

  test("pipes are no files", () => {
    const { fields } = extractRecords([start, me.wrote(2, file("pipe:[1]", { mode: 0o010600, layer: "none" }), "x")]);
    expect(fields("file_event")).toEqual([]);
  });

  test("an attempt is behaviour, with how it failed", () => {
    const { fields } = extractRecords([
      start,
      me.open(2, "../etc/./shadow", { path: given("../etc/./shadow", "/app"), flags: WRITE, result: -13 }),
      me.open(3, "/new", { flags: WRITE | CREATE, result: -30, mode: 0o600 }),
      me.open(4, "/x", { flags: WRITE, result: -2, blocked: true }),
    ]);
    expect(fields("file_event")).toMatchObject([
      { TargetFilename: "/etc/shadow", Operation: "write", Result: "EACCES", Denied: true },
      { TargetFilename: "/new", Operation: "create", Result: "EROFS", Mode: "0600" },
      { TargetFilename: "/x", Result: "ENOENT", Denied: true },
    ]);
    expect(fields("file_event")[1]).not.toHaveProperty("Denied");
  });

  test("truncating an old file is a change too", () => {
    const { fields } = extractRecords([start, me.open(2, "/var/log/auth.log", { flags: WRITE | TRUNCATE })]);
    expect(fields("file_change")).toMatchObject([
      { TargetFilename: "/var/log/auth.log", Change: "truncate", Length: 0 },
    ]);
  });
});

test("what a file turned out to be is known from the layer when its bytes were not seen", () => {
  const entry = { change: "added", where: "layer", type: "file", size: 1, mode: "0755", uid: 0, gid: 0 } as const;
  const layer = [{ ...entry, path: "/tmp/copy", contentType: "elf" }];
  const made = me.open(2, "/tmp/copy", { flags: WRITE | CREATE, created: true });
  const { fields } = extractRecords([start, made], { recording: { layer } });
  expect(fields("file_event")).toMatchObject([{ TargetFilename: "/tmp/copy", ContentType: "elf" }]);
});

describe("opens for reading", () => {
  test("exact repeats are one event; another result or another image is not", () => {
    const { fields, collapsed } = extractRecords([
      start,
      me.open(2, "/etc/shadow", { result: -13 }),
      me.open(3, "/etc/shadow", { result: -13 }),
      me.open(4, "/etc/shadow"),
      me.open(5, "/etc/shadow"),
      me.exec(6, ["/bin/cat"]),
      me.open(7, "/etc/shadow"),
    ]);
    expect(fields("file_access").map(({ Image, Result }) => [Image, Result])).toEqual([
      ["/bin/sh", "EACCES"],
      ["/bin/sh", "ok"],
      ["/bin/cat", "ok"],
    ]);
    expect(collapsed).toBe(2);
  });

  test("the kernel's path wins over what a link says", () => {
    const { fields } = extractRecords([start, me.open(2, "/tmp/link", { file: file("/etc/shadow") })]);
    expect(fields("file_access")).toMatchObject([{ TargetFilename: "/etc/shadow", FileOrigin: "image" }]);
  });

  test("opening for both does not hide the read", () => {
    const { fields } = extractRecords([start, me.open(2, "/root/.aws/credentials", { flags: READ_WRITE })]);
    expect(fields("file_access")).toHaveLength(1);
    expect(fields("file_event")).toHaveLength(1);
  });

  test("O_PATH reads nothing", () => {
    expect(extractRecords([start, me.open(2, "/x", { flags: 0o10000000 })]).events).toHaveLength(1);
  });
});

test("operations on paths", () => {
  const { events, fields } = extractRecords([
    start,
    me.path(2, "rename", "a", { path: given("a", "/tmp"), other: given("../etc/cron.d/a", "/tmp") }),
    me.path(3, "unlink", "/tmp/x", { result: -1 }),
    me.path(4, "rmdir", "/tmp/d"),
    me.path(5, "link", "/tmp/su", { other: given("/bin/su") }),
    me.path(6, "symlink", "/tmp/l", { other: given("../etc") }),
    me.path(7, "mkdir", "/tmp/d", { mode: 0o750 }),
    me.path(8, "mknod", "/dev/sda", { mode: 0o060660, result: -1 }),
    me.path(9, "chmod", "/tmp/su", { mode: 0o104755 }),
    me.path(10, "chown", "/tmp/su", { uid: 0, gid: 0xffffffff }),
    me.path(11, "truncate", "/tmp/t", { length: 7n }),
    me.path(11, "truncate", "/tmp/t", { length: 2n ** 63n, result: -22 }),
    me.path(12, "utimes", "/tmp/t"),
    me.path(13, "setxattr", "/tmp/t", { name: "security.capability" }),
    me.path(14, "chdir", "/proc/self/fd/7", { result: -2 }),
  ]);
  expect(fields("file_rename")).toMatchObject([{ SourceFilename: "/tmp/a", TargetFilename: "/etc/cron.d/a" }]);
  expect(fields("file_delete")).toMatchObject([
    { TargetFilename: "/tmp/x", Result: "EPERM", Denied: true },
    { TargetFilename: "/tmp/d" },
  ]);
  expect(fields("file_event")).toMatchObject([
    { Operation: "link", TargetFilename: "/tmp/su", SourceFilename: "/bin/su" },
    { Operation: "symlink", TargetFilename: "/tmp/l", SourceFilename: "../etc" },
    { Operation: "mkdir", TargetFilename: "/tmp/d", Mode: "0750" },
    { Operation: "mknod", TargetFilename: "/dev/sda", Mode: "0660", ContentType: "block-device", Result: "EPERM" },
  ]);
  expect(fields("file_change")).toMatchObject([
    { Change: "mode", Mode: "4755" },
    { Change: "owner", Owner: "0:" },
    { Change: "truncate", Length: 7 },
    { Change: "truncate", Result: "EINVAL" },
    { Change: "times" },
    { Change: "attributes", Attribute: "security.capability" },
  ]);
  expect(fields("syscall")).toMatchObject([
    { SyscallName: "chdir", TargetFilename: "/proc/self/fd/7", Result: "ENOENT" },
  ]);
  for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
});

test("to look at a name is no reading of the file", () => {
  const { events, fields } = extractRecords([
    me.exec(1, ["/bin/sh"]),
    me.path(2, "stat", "/etc/shadow"),
    me.path(3, "access", "/.dockerenv", { result: -2 }),
    me.path(4, "readlink", "/proc/1/exe", { result: 9 }),
  ]);
  expect(fields("file_access")).toEqual([]);
  expect(fields("syscall")).toMatchObject([
    { SyscallName: "stat", TargetFilename: "/etc/shadow", Result: "ok" },
    { SyscallName: "access", TargetFilename: "/.dockerenv", Result: "ENOENT" },
    { SyscallName: "readlink", TargetFilename: "/proc/1/exe" },
  ]);
  for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
});

test("contents and attributes can be taken away by other calls than writes", () => {
  const { fields } = extractRecords([
    me.exec(1, ["/bin/sh"]),
    me.path(2, "erase", "", { file: file("/var/lib/data") }),
    me.path(3, "removexattr", "/bin/ping", { name: "security.capability" }),
  ]);
  expect(fields("file_change")).toMatchObject([
    { Change: "truncate", TargetFilename: "/var/lib/data" },
    { Change: "attributes", TargetFilename: "/bin/ping", Attribute: "security.capability" },
  ]);
});

test("a name that was changed during its call is marked", () => {
  const { fields } = extractRecords([
    me.exec(1, ["/bin/sh"]),
    me.path(2, "unlink", "/tmp/cache", { raced: true }),
    me.path(3, "unlink", "/tmp/other"),
  ]);
  expect(fields("file_delete")).toMatchObject([{ NamesChanged: true }, {}]);
  expect(fields("file_delete")[1]).not.toHaveProperty("NamesChanged");
});
