import { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { extractRecords } from "./testing/extracting.ts";
import { by, file, given, task } from "./testing/trace-records.ts";

const shell = task(1);
const child = task(2);
const me = by(shell);
const family = [me.exec(1, ["/bin/sh"]), me.fork(1.5, child), by(child).exec(1.6, ["/bin/victim"])];

describe("reaching into another process", () => {
  test("names the target by the sample's own numbers", () => {
    const { fields } = extractRecords([
      ...family,
      me.call(2, "ptrace", [16, 2, 0, 0]),
      by(child).call(3, "process_vm_writev", [1, 0, 1, 0, 1, 0], { result: -1 }),
      me.call(4, "kill", [0xffffffff, 9]),
      me.call(5, "tgkill", [2, 2, 15]),
      me.call(6, "kill", [77, 0], { result: -3 }),
    ]);
    expect(fields("process_access")).toMatchObject([
      { SourceImage: "/bin/sh", TargetImage: "/bin/victim", TargetIsChild: true, Request: "PTRACE_ATTACH" },
      { TargetImage: "/bin/sh", TargetIsChild: false, CallName: "process_vm_writev", Result: "EPERM", Denied: true },
      { TargetProcessId: -1, Request: "SIGKILL" },
      { TargetProcessId: 2, Request: "SIGTERM" },
      { TargetProcessId: 77, Request: "0", Result: "ESRCH" },
    ]);
  });

  test("offering oneself to a tracer has no target", () => {
    const { fields } = extractRecords([...family, me.call(2, "ptrace", [0, 2])]);
    expect(fields("process_access")).toMatchObject([{ Request: "PTRACE_TRACEME" }]);
    expect(fields("process_access")[0]).not.toHaveProperty("TargetProcessId");
  });

  test("the same request again is folded", () => {
    const peek = (ms: number) => me.call(ms, "ptrace", [1, 2, 0x1000, 0]);
    const { fields, collapsed } = extractRecords([...family, peek(2), peek(3), peek(4)]);
    expect(fields("process_access")).toHaveLength(1);
    expect(collapsed).toBe(2);
  });

  test("opening another's memory counts, one's own does not", () => {
    const proc = (ms: number, path: string, flags: number) =>
      me.open(ms, path, { flags, file: file(path, { layer: "none", magic: 0x9fa0 }) });
    const { fields } = extractRecords([...family, proc(2, "/proc/2/mem", 2), proc(3, "/proc/1/mem", 2)]);
    expect(fields("process_access")).toMatchObject([
      { CallName: "openat", Request: "write", TargetProcessId: 2, TargetImage: "/bin/victim" },
    ]);
  });
});

test("loading a driver, as file or from memory", () => {
  const { fields } = extractRecords([
    ...family,
    me.call(2, "finit_module", [3, 0, 0], { file: file("/tmp/rootkit.ko"), result: -1 }),
    me.call(3, "init_module", [0x1000, 10, 0], { result: -1, blocked: true }),
  ]);
  expect(fields("driver_load")).toMatchObject([
    { ImageLoaded: "/tmp/rootkit.ko", SyscallName: "finit_module", Denied: true },
    { SyscallName: "init_module", Denied: true },
  ]);
});

describe("decoded arguments", () => {
  const decode = (name: string, args: (bigint | number)[], changes = {}) =>
    extractRecords([...family, me.call(2, name, args, changes)]).fields("syscall")[0];

  test.each<[string, (bigint | number)[], string[], string[]]>([
    [
      "mount",
      [1, 2, 3, 0x1006, 0],
      ["proc", "mnt", "proc"],
      ["proc", "/mnt", "proc", "MS_NOSUID|MS_NODEV|MS_BIND", "0x0"],
    ],
    ["unshare", [0x10020000], [], ["CLONE_NEWNS|CLONE_NEWUSER"]],
    ["setns", [5, 0x80], [], ["5", "CLONE_NEWTIME"]],
    ["clone", [0x10000011], [], ["CLONE_NEWUSER", "SIGCHLD"]],
    ["mprotect", [0x1000, 4096, 7], [], ["0x1000", "0x1000", "PROT_READ|PROT_WRITE|PROT_EXEC"]],
    ["memfd_create", [0, 1], ["payload"], ["payload", "MFD_CLOEXEC"]],
    ["bpf", [5, 0x7ff0, 120], [], ["BPF_PROG_LOAD", "0x7ff0", "120"]],
    ["prctl", [15, 0x1, 0, 0, 0], ["kworker/0:1"], ["PR_SET_NAME", "kworker/0:1"]],
    ["personality", [0x0040000], [], ["ADDR_NO_RANDOMIZE"]],
    ["keyctl", [1, 0, 0, 0, 0], [], ["KEYCTL_JOIN_SESSION_KEYRING", "0x0", "0x0", "0x0", "0x0"]],
    [
      "reboot",
      [0xfee1dead, 672274793, 0x89abcdef, 0],
      [],
      ["0xfee1dead", "0x28121969", "LINUX_REBOOT_CMD_CAD_ON", "0x0"],
    ],
    ["setuid", [0], [], ["0"]],
    ["userfaultfd", [0o2004001], [], ["UFFD_USER_MODE_ONLY|O_NONBLOCK|O_CLOEXEC"]],
    ["unheard_of", [1, 255], [], ["0x1", "0xff"]],
    ["unshare", [0n], [], ["0"]],
  ])("%s", (name, args, strings, expected) => {
    const paths = strings.map((string) => given(string));
    expect(decode(name, args, { paths })).toMatchObject({ SyscallName: name, Arguments: expected });
  });

  test("an unreadable string shows as the pointer it was", () => {
    const paths = [{ argument: "", base: "/", readable: false }];
    expect(decode("chroot", [0xdead], { paths, result: -14 })).toMatchObject({
      Arguments: ["0xdead"],
      Result: "EFAULT",
    });
  });

  test("the target of a mount is where it goes, of a setns the namespace", () => {
    const paths = [given("/dev/sda1"), given("mnt", "/tmp"), given("ext4")];
    expect(decode("mount", [0, 0, 0, 0, 0], { paths })).toMatchObject({ TargetFilename: "/tmp/mnt" });
    expect(decode("setns", [3, 0], { file: file("/proc/1/ns/mnt") })).toMatchObject({
      TargetFilename: "/proc/1/ns/mnt",
    });
  });

  test("32-bit calls say so, and what seccomp refused is denied", () => {
    expect(decode("mount", [0], { compat: true, blocked: true, result: -38 })).toMatchObject({
      Compat: true,
      Denied: true,
      Result: "ENOSYS",
      ReturnValue: -38,
    });
  });
});

test("all hold to the contract", () => {
  const { events } = extractRecords([
    ...family,
    me.call(2, "ptrace", [16, 2]),
    me.call(3, "mount", [0, 0, 0, 0, 0]),
    me.call(4, "init_module", [0, 0, 0]),
  ]);
  expect(events).toHaveLength(5);
  for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
});
