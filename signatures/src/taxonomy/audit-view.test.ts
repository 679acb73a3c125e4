import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, it } from "vitest";
import { listSignatures } from "../list.ts";
import { correlationText, firedOn } from "../testing/fire.ts";
import { eventMaker } from "../testing/make-event.ts";
import { signaturesFrom } from "../testing/make-signature.ts";
import { RECORDED_CALLS } from "./audit-calls.ts";

const make = eventMaker();

/** A rule on audit records. */
function rule(detection: object, definition?: string): string {
  const logsource = { product: "linux", service: "auditd", ...(definition === undefined ? {} : { definition }) };
  return JSON.stringify({ title: "r", name: "r", logsource, detection: { condition: "s", ...detection } });
}

async function fires(detection: object, event: BehaviourEvent, definition?: string): Promise<boolean> {
  return (await firedOn({ "r.yml": rule(detection, definition) }, [event])).length > 0;
}

const run = (...Arguments: string[]) =>
  make("process_creation", {
    Image: "/usr/bin/kmod",
    RequestedImage: "/sbin/insmod",
    Comm: "insmod",
    Arguments,
    CommandLine: Arguments.join(" "),
    CurrentDirectory: "/srv",
    Environment: ["HIDDEN=word"],
    User: "33",
    ProcessId: 7,
    ParentProcessId: 1,
  });
const call = (SyscallName: string, ...Arguments: string[]) =>
  make("syscall", { SyscallName, Arguments, Result: "EPERM", ReturnValue: -1, Image: "/bin/x" });
const write = (TargetFilename: string, Operation: "create" | "write" | "mknod" = "create") =>
  make("file_event", { TargetFilename, Operation, RequestedFilename: "/link", Image: "/bin/x" });

describe("audit records", () => {
  it.each<[string, object, BehaviourEvent, boolean]>([
    ["EXECVE by its arguments", { type: "EXECVE", a0: "insmod", "a1|endswith": ".ko" }, run("insmod", "x.ko"), true],
    ["EXECVE in any case of the type", { type: "execve", a0: "insmod" }, run("insmod"), true],
    ["EXECVE without an argument", { type: "EXECVE", a1: "x" }, run("insmod"), false],
    ["EXECVE by far arguments", { type: "EXECVE", a12: "12" }, run(..."0 1 2 3 4 5 6 7 8 9 10 11 12".split(" ")), true],
    ["EXECVE by number of arguments", { type: "EXECVE", argc: 2 }, run("insmod", "x"), true],
    ["SYSCALL of a start", { type: "SYSCALL", SYSCALL: "execve", euid: 33, comm: "insmod" }, run("x"), true],
    ["SYSCALL by program", { type: "SYSCALL", exe: "/usr/bin/kmod" }, run("x"), true],
    ["no field of another record", { type: "SYSCALL", a0: "insmod" }, run("insmod"), false],
    ["no two records at once", { type: "SYSCALL", name: "/usr/bin/kmod" }, run("x"), false],
    ["PATH of a program, by either name", { type: "PATH", name: "/sbin/insmod" }, run("x"), true],
    ["CWD", { type: "CWD", cwd: "/srv" }, run("x"), true],
    ["PROCTITLE", { type: "PROCTITLE", "proctitle|contains": "x.ko" }, run("insmod", "x.ko"), true],
    ["a record of any type", { "a1|startswith": "--cpu" }, run("m", "--cpu-priority"), true],
    ["registers in hex", { type: "SYSCALL", SYSCALL: "syslog", a0: ["a", 5] }, call("syslog", "10", "0x0"), true],
    ["registers written in hex", { type: "SYSCALL", a2: "ff" }, call("keyctl", "1", "1", "0xFF"), true],
    ["flags back as a register", { SYSCALL: "personality", a0: 40000 }, call("personality", "ADDR_NO_RANDOMIZE"), true],
    ["flags that are unknown", { SYSCALL: "personality", a0: 0 }, call("personality", "SOMETHING"), false],
    ["outcome", { type: "SYSCALL", SYSCALL: "bpf", success: "no", exit: -1 }, call("bpf"), true],
    ["calls that a file event may be", { type: "SYSCALL", SYSCALL: "mknod" }, write("/dev/x", "mknod"), true],
    ["calls that it is not", { type: "SYSCALL", SYSCALL: "mknod" }, write("/dev/x"), false],
    ["the start of a program, not all it does", { type: "SYSCALL", exe: "/bin/x" }, write("/y"), false],
    ["PATH of a file", { type: "PATH", name: "/y", nametype: "CREATE" }, write("/y"), true],
    ["PATH by the name asked for", { type: "PATH", name: "/link" }, write("/y"), true],
    ["PATH of a file that was there", { type: "PATH", name: "/y", nametype: "CREATE" }, write("/y", "write"), false],
    ["PATH of a deleted file", { nametype: "DELETE" }, make("file_delete", { TargetFilename: "/y" }), true],
    ["PATH of a read file", { type: "PATH", name: "/y" }, make("file_access", { TargetFilename: "/y" }), true],
    ["fields that the record lacks as absent", { type: "PATH", name: "/y", a0: null }, write("/y"), true],
    ["a type that must not be", { "type|neq": "EXECVE", a0: "insmod" }, run("insmod"), false],
  ])("%s", async (_what, search, event, expected) => {
    expect(await fires({ s: search }, event)).toBe(expected);
  });

  it("finds words in the arguments and the command line, and not in what audit doesn't write", async () => {
    const words = (...list: string[]) => ({ t: { type: "EXECVE" }, s: list, condition: "t and s" });
    expect(await fires(words("nat --to-ports 42"), run("iptables", "-t", "nat", "--to-ports", "42"))).toBe(true);
    expect(await fires(words("hidden"), run("x"))).toBe(false);
  });

  it("decides `not` by the record that is looked at", async () => {
    const detection = { s: { type: "PATH" }, f: { "name|startswith": "/usr" }, condition: "s and not f" };
    expect(await fires(detection, write("/y"))).toBe(true);
    expect(await fires(detection, write("/usr/y"))).toBe(false);
  });

  it("knows a key by the watches that the rule asks for", async () => {
    const watches =
      "Required:\n  -w /sbin/insmod -p x -k mods\n  -w /etc/mods/ -p wa -k mods\n  -w /other -p r -k other";
    const search = { s: { key: "mods" } };
    expect(await fires(search, run("x"), watches)).toBe(true);
    expect(await fires(search, write("/etc/mods/a"), watches)).toBe(true);
    expect(await fires(search, write("/etc/modsa"), watches)).toBe(false);
    expect(await fires(search, make("file_access", { TargetFilename: "/other" }), watches)).toBe(false);
  });

  it("knows the keys for connections that public rules are written for", async () => {
    const search = { s: { type: "SYSCALL", "exe|endswith": "/nc", key: "network_connect_4" } };
    const connect = (DestinationIp: string, Result: string) =>
      make("network_connection", { Image: "/bin/nc", Protocol: "tcp", Initiated: true, DestinationIp, Result });
    expect(await fires(search, connect("192.0.2.1", "ok"))).toBe(true);
    expect(await fires(search, connect("2001:db8::1", "ok"))).toBe(false);
    expect(await fires(search, connect("192.0.2.1", "ECONNREFUSED"))).toBe(false);
  });

  it("lets correlations group by their fields", async () => {
    const count = correlationText({
      type: "value_count",
      rules: ["r"],
      groupBy: ["comm"],
      condition: { field: "a1", gte: 2 },
    });
    const files = { "r.yml": rule({ s: { type: "EXECVE", a0: "insmod" } }), "n.yml": count };
    const events = [run("insmod", "a"), run("insmod", "a"), run("insmod", "b")];
    expect((await firedOn(files, events)).length).toBe(1);
  });

  it.each<[string, object, RegExp]>([
    ["records of programs", { s: { type: ["USER_TTY", "TTY"] } }, /USER_TTY, TTY/],
    ["calls", { s: { type: "SYSCALL", SYSCALL: "sysinfo" } }, /call sysinfo/],
    ["fields", { s: { type: "SYSCALL", auid: 0 } }, /field auid/],
    ["keys that nobody explains", { s: { key: "mine" } }, /key mine/],
  ])("say of %s that are not there why a rule doesn't apply", async (_what, detection, reason) => {
    const [listed] = listSignatures(await signaturesFrom({ "r.yml": rule(detection) }));
    expect(listed).toMatchObject({ applies: false, reason: expect.stringMatching(reason), category: [] });
  });

  it("are listed by what can make them", async () => {
    const [listed] = listSignatures(await signaturesFrom({ "r.yml": rule({ s: { SYSCALL: ["mknod", "bpf"] } }) }));
    expect(listed).toMatchObject({ applies: true, category: ["syscall", "file_event"] });
  });
});

it("knows every call that the recorder makes a `syscall` event of", () => {
  const table = readFileSync(fileURLToPath(new URL("../../../sandbox/tracer/bpf/calls.h", import.meta.url)), "utf8");
  const native = table.slice(table.indexOf("native_calls[SYSCALLS] ="), table.indexOf("compat_calls[SYSCALLS] ="));
  const lines = [...native.matchAll(/\{(.*)\},?\s*\/\* (\w+)/g)];
  const plain = lines
    .filter(([, spec = ""]) => /^CALL\b|HANDLE_IF_|LOOK\(|PATH\(CHDIR\)/.test(spec))
    .map(([, , name]) => name);
  // These have categories of their own.
  const elsewhere =
    /^(?:ptrace|kill|tkill|tgkill|rt_\w*sigqueueinfo|process_vm_\w+|pidfd_(?:send_signal|getfd)|f?init_module)$/;
  expect(plain.length).toBeGreaterThan(50);
  expect(plain.filter((name = "") => !RECORDED_CALLS.includes(name) && !elsewhere.test(name))).toEqual([]);
});
