import { afterAll, beforeAll, expect, it } from "vitest";
import { runCanary } from "./canary.ts";
import { Recorder } from "./recorder.ts";
import { findWorkload, recordWorkload } from "./workload-run.ts";

/** Calls that matter by themselves, and ways around calls. Each workload's events, all of them and in order: one too many is as wrong as one too few. */

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

it("code: what is run from memory that was written", async () => {
  const program = findWorkload("code");
  const run = await recordWorkload(recorder, [program]);
  expect(run.ended).toBe(0);
  expect(run.lines).toEqual([
    `exec ${program} [${program}]`,
    "mprotect ok",
    "mprotect ok",
    "mprotect ok",
    "shmat ok",
    "fork",
    "rt_sigqueueinfo ok",
    "exit by signal 15",
    "exit 0",
  ]);
  expect(run.account.classes["bulk"]).toEqual({
    counted: 11 + run.startUps,
    delivered: 3 + run.startUps,
    suppressed: 8,
    dropped: 0,
  });
});

it("refused: what seccomp refuses is seen with its arguments, though it never ran", async () => {
  const program = findWorkload("refused");
  const run = await recordWorkload(recorder, [program]);
  expect(run.ended).toBe(0);
  expect(run.lines).toEqual([
    `exec ${program} [${program}]`,
    "prctl ok",
    "prctl ok",
    "mount none /mnt tmpfs blocked EPERM",
    "mount none /mnt tmpfs blocked EPERM",
    "mount none /mnt tmpfs blocked EPERM",
    "unshare blocked EPERM",
    "ptrace blocked EPERM",
    "connect 0/0/0 to family 99 blocked EACCES",
    "open /etc/shadow blocked EPERM",
    "unlink /etc/shadow blocked EPERM",
    "getcpu blocked EPERM",
    "clone3 blocked ENOSYS",
    "io_uring_setup blocked EPERM",
    "execve /etc/shadow blocked EACCES",
    "mkdir unreadable mode 700 EFAULT",
    "exit 0",
  ]);
  expect(run.account.syscalls).toMatchObject({
    mount: { calls: 3, failed: 3, denied: 3 },
    clone3: { calls: 1, failed: 1, denied: 1 },
    mkdir: { calls: 1, failed: 1, denied: 0 },
    prctl: { calls: 2, failed: 0, denied: 0 },
  });
});

it("privileges: the calls that matter by themselves", async () => {
  const program = findWorkload("privileges");
  const run = await recordWorkload(recorder, [program]);
  expect(run.ended).toBe(0);
  const ends = run.lines.map((line) =>
    line.replace(/^(io_uring_setup|bpf|userfaultfd|keyctl|init_module parameters) .*/, "$1 END"),
  );
  expect(ends).toEqual([
    `exec ${program} [${program}]`,
    "unshare ok",
    'mount none / "" ok',
    "mount airlock /mnt tmpfs ok",
    "umount2 /mnt ok",
    "sethostname workload ok",
    "prctl kworker/u8:3 ok",
    "mmap ok",
    "personality ok",
    // Whether a kernel has these at all is no matter: the attempt is seen.
    "io_uring_setup END",
    "bpf END",
    "userfaultfd END",
    "keyctl END",
    "init_module parameters END",
    "fork",
    "process_vm_writev EFAULT",
    "kill ok",
    "exit by signal 15",
    "chroot /mnt = /mnt ok",
    "chdir /mnt ok",
    "setgid ok",
    "setuid ok",
    "exit 0",
  ]);
});

it("compat: 32-bit calls by their own table", async () => {
  const program = findWorkload("compat");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect([0, 77]).toContain(run.ended);
  if (run.ended === 77) return; // this kernel has no 32-bit entry
  expect(run.lines).toEqual([
    `exec ${program} [${program} ~]`,
    "chdir ~ ok",
    "open new ~/narrow = ~/narrow ok",
    'wrote ~/narrow 6 in 1 "narrow"',
    "chmod ~/narrow mode 700 ok",
    "access ~/narrow ok",
    "unlink ~/narrow ok",
    "i386:mmap ok",
    "i386:ipc EINVAL",
    "connect 2/1/6 to 127.0.0.1:9 ECONNREFUSED",
    "connect 2/1/6 to 127.0.0.1:9 ECONNREFUSED",
    "i386:execve /nowhere/at/all ENOENT",
    "fork",
    `exec ${program} [given]`,
    "exit 3",
    "exit 0",
  ]);
  expect(run.account.syscalls).toMatchObject({
    "i386:getpid": { calls: 1, failed: 0, denied: 0 },
    "i386:open": { calls: 1 },
    "i386:socketcall": { calls: 2, failed: 1 },
    "i386:connect": { calls: 1, failed: 1 },
    "i386:execve": { calls: 2, failed: 1 },
  });
  expect(run.records.filter((record) => "compat" in record && record.compat)).toHaveLength(9);
});

it("uring: operations that no call is made for, each by what it names", async () => {
  const program = findWorkload("uring");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect([0, 77]).toContain(run.ended);
  if (run.ended === 77) return; // this kernel has no io_uring, or refuses it
  // Between them an io_uring_enter each, and exact repeats that are counted only.
  expect(run.lines.filter((line) => line !== "io_uring_enter ok")).toEqual([
    `exec ${program} [${program} ~]`,
    "chdir ~ ok",
    "io_uring_setup ok",
    "mmap = /[io_uring] ok",
    "mmap = /[io_uring] ok",
    "ring MKDIRAT ~/made",
    "ring OPENAT ~/made/data",
    'ring WRITE = ~/made/data 7 bytes "ringing"',
    "io_uring_register ok",
    "ring CLOSE",
    // By its place in the ring's own table.
    "ring FSYNC = ~/made/data",
    "io_uring_register ok",
    "ring RENAMEAT ~/made/data (~/made/moved)",
    "ring LINKAT ~/made/second (~/made/moved)",
    "ring SYMLINKAT ~/made/pointer (../nowhere)",
    "ring UNLINKAT ~/made/pointer",
    "ring UNLINKAT ~/made/second",
    "ring UNLINKAT ~/made/moved",
    "ring UNLINKAT ~/made",
    "ring OPENAT /absent",
    "ring SOCKET 2/1/0",
    "ring CONNECT 2/1/6 to 127.0.0.1:9",
    "ring SOCKET 2/2/0",
    'ring SEND 2/2/17 to 127.0.0.1:9 5 bytes "hello"',
    "ring NOP",
    "io_uring_setup ok",
    "mmap = /[io_uring] ok",
    "mmap = /[io_uring] ok",
    // Submitted by the kernel's own thread, which the sample's ring has.
    "ring OPENAT /etc/passwd",
    "exit 0",
  ]);
  expect(run.lines.filter((line) => line === "io_uring_enter ok")).toHaveLength(25);
  expect(run.account.classes["decisive"]).toMatchObject({ suppressed: 2 + 4, dropped: 0 });
  const [first, ...others] = run.records.filter(({ kind }) => kind === "ring-operation");
  expect(new Set(others.map(({ task }) => task.key))).toEqual(new Set([first?.task.key]));
});

it("the canary is content with a recorder that sees all", async () => {
  await expect(runCanary(recorder)).resolves.toMatchObject({ events: 11 });
});
