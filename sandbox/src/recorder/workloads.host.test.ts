import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCanary } from "./canary.ts";
import { Recorder } from "./recorder.ts";
import { findWorkload, recordWorkload } from "./workload-run.ts";

/** Each workload's events, all of them and in order: one too many is as wrong as one too few. */

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

const NOTHING_LOST = { decisive: { dropped: 0 }, bulk: { dropped: 0 } };

describe("workloads", () => {
  it("files: every operation on names, and writes of all kinds", async () => {
    const program = findWorkload("files");
    const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
    expect(run.ended).toBe(7);
    expect(run.lines).toEqual([
      `exec ${program} [${program} ~]`,
      "chdir ~ ok",
      "mkdir ~/made mode 750 ok",
      "open ~/absent ENOENT",
      "open ~/made = ~/made ok",
      "mkdir ~/made/inner mode 700 ok",
      "rename ~/made/inner (~/made/moved) ok",
      "rmdir ~/made/moved ok",
      "symlink ~/made/pointer (../nowhere) ok",
      "unlink ~/made/pointer ok",
      "chdir ~/made ok",
      "chdir ~ ok",
      "mknod ~/pipe mode 10600 ok",
      "unlink ~/pipe ok",
      "rmdir ~/made ok",
      "open new ~/data = ~/data ok",
      "open new ~/copy = ~/copy ok",
      "truncate ~/copy length 4096 ok",
      "mmap = ~/copy ok",
      // This sum ends with the dup2 over its descriptor, the other with the process.
      'wrote ~/copy 23 in 3 ""',
      "chmod ~/data mode 4755 ok",
      "chown ~/data owner 12:34 ok",
      "truncate ~/data length 9 ok",
      "utimes ~/data ok",
      "link ~/second (~/data) ok",
      "rename ~/second (~/third) ok",
      "setxattr ~/data trusted.airlock ok",
      "unlink ~/third ok",
      "unlink ~/copy ok",
      "unlink ~/data ok",
      'wrote ~/data 33 in 4 "#!/bin/sh\\n"',
      "exit 7",
    ]);
    expect(run.account).toMatchObject({ started: true, classes: NOTHING_LOST });
    expect(run.account.syscalls).toMatchObject({
      mkdir: { calls: 1, failed: 0, denied: 0 },
      openat: { calls: 4, failed: 1, denied: 0 },
    });
  });

  it("network: addresses by the socket's own state, and unusual families", async () => {
    const program = findWorkload("network");
    const run = await recordWorkload(recorder, [program, "4711"]);
    expect(run.ended).toBe(0);
    expect(run.lines.map((line) => line.replace(/(accept .* 127.0.0.1:)\d+/, "$1PORT"))).toEqual([
      `exec ${program} [${program} 4711]`,
      "bind 2/1/6 at 127.0.0.1:4711 ok",
      "listen 2/1/6 at 127.0.0.1:4711 ok",
      "connect 2/1/6 to 127.0.0.1:4711 ok",
      "accept 2/1/6 at 127.0.0.1:4711 to 127.0.0.1:PORT ok",
      "fork",
      `exec ${program} [shell]`,
      "exit 3",
      "connect 2/1/6 to 127.0.0.1:4711 ECONNREFUSED",
      "connect 10/1/6 to [::1]:4711 ECONNREFUSED",
      "send 2/2/17 to 127.0.0.1:4711 5 bytes ok",
      "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
      "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
      "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
      "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
      "bind 1/1/0 at unix:@airlock-workload ok",
      "listen 1/1/0 at unix:@airlock-workload ok",
      "connect 1/1/0 to unix:@airlock-workload ok",
      "socket 2/3/1 ok",
      "socket 17/3/0 ok",
      "socket 16/3/0 ok",
      "socket 99/1/0 EAFNOSUPPORT",
      "exit 0",
    ]);
    const shell = run.records.findLast((record) => record.kind === "exec");
    const connection = { kind: "socket", peer: { family: "ipv4", address: "127.0.0.1", port: 4711 } };
    expect(shell?.streams).toMatchObject([connection, connection, { kind: "closed" }]);
    expect(shell?.streams[0].inode).toBe(shell?.streams[1].inode);
  });

  it("processes: threads are none, and what runs is named by what it is", async () => {
    const program = findWorkload("processes");
    const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
    expect(run.ended).toBe(0);
    const preload = "LD_PRELOAD=/nowhere/lib.so";
    // Of the child and the grandchild of the double fork either may end first.
    expect(run.lines.filter((line) => line !== "exit 5")).toEqual([
      `exec ${program} [${program} ~]`,
      "chdir ~ ok",
      "fork",
      "fork",
      "exit 3",
      "fork",
      `exec ${program} [kworker/0:1 exit 11] ${preload}`,
      "exit 11",
      "fork",
      "exit by signal 9",
      "memfd_create nothing to see ok",
      `open /proc/self/exe = ${program} ok`,
      "fork",
      `exec /memfd:nothing to see memfd [memory exit 13] ${preload}`,
      "exit 13",
      // The sum is handed over when the file is closed, which was after its run.
      expect.stringMatching(/^wrote \/memfd:nothing to see memfd \d+ in \d+ "\x7fELF/),
      "open new ~/gone = ~/gone ok",
      // It reads itself once more: an exact repeat, suppressed.
      expect.stringMatching(/^wrote ~\/gone \d+ in \d+ "\x7fELF/),
      "open ~/gone = ~/gone ok",
      "unlink ~/gone ok",
      "fork",
      `exec ~/gone deleted [gone exit 17] ${preload}`,
      "exit 17",
      "open new ~/script = ~/script ok",
      'wrote ~/script 22 in 1 "#!/proc/self/exe exit\\n"',
      "fork",
      `exec ${program} by /proc/self/exe for ./script [/proc/self/exe exit ./script 19] ${preload}`,
      "exit 19",
      "unlink ~/script ok",
      "fork",
      "execve /nowhere/at/all ENOENT",
      "exit 23",
      "exit 0",
    ]);
    expect(run.lines.filter((line) => line === "exit 5")).toHaveLength(1);
  });

  it("oversized: what is too large says so, and shows both its ends", async () => {
    const program = findWorkload("oversized");
    const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
    expect(run.ended).toBe(5);
    const execs = run.records.filter((record) => record.kind === "exec");
    expect(execs.map(({ argv, argvTruncated }) => [argv[0], argv.at(-1), argvTruncated])).toEqual([
      [program, expect.any(String), false],
      ["before", "x", false],
      ["between", "x", false],
      ["arguments", "command", true],
    ]);
    expect(execs.map(({ env, envTruncated }) => [env, envTruncated])).toEqual([
      [[], false],
      [["LD_PRELOAD=/nowhere/lib.so"], true],
      [[], true],
      [[], false],
    ]);
    const deep = "/d".repeat(128);
    expect(run.lines.filter((line) => /absent|deep/.test(line))).toEqual([
      `open new …${deep}/deep = …${deep.slice(2)}/deep ok`,
      `unlink …${deep}/deep ok`,
      `open …${deep}/absent ENOENT`,
    ]);
    expect(run.account.classes).toMatchObject(NOTHING_LOST);
  });

  it("looks: at names each once, and the lesser changes", async () => {
    const program = findWorkload("looks");
    const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
    expect(run.ended).toBe(9);
    expect(run.lines).toEqual([
      `exec ${program} [${program} ~]`,
      "chdir ~ ok",
      "stat ~/data ENOENT",
      "open new ~/data = ~/data ok",
      "stat ~/data ok",
      "stat /etc/shadow ok",
      "access /absent ENOENT",
      "access /etc/passwd ok",
      "readlink /proc/self/cwd ok",
      "stat /etc ok",
      "open /etc = /etc ok",
      "stat /etc/passwd ok",
      "access /absent1 ENOENT",
      "access /absent2 ENOENT",
      "open ~/data = ~/data ok",
      "erase ~/data ok",
      "removexattr ~/data user.absent errno 61",
      "inotify_add_watch data ok",
      'wrote ~/data 8 in 1 "contents"',
      "unlink ~/data ok",
      "exit 9",
    ]);
    expect(run.account.classes["bulk"]).toMatchObject({ suppressed: 4 + 2 + 1, dropped: 0 });
  });

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

  it("raced: a name that is changed during its call", async () => {
    const program = findWorkload("raced");
    const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
    expect(run.ended).toBe(0);
    expect(run.lines.filter((line) => line.startsWith("open ~")).toSorted()).toEqual([
      "open ~/harmless = ~/pipe raced ok",
      "open ~/pipe = ~/pipe ok",
    ]);
    expect(run.lines.filter((line) => /raced (ok|E)/.test(line))).toHaveLength(1);
  });

  it("full: what finds no space, once for each program and file system", async () => {
    const program = findWorkload("full");
    const run = await recordWorkload(recorder, [program]);
    expect(run.ended).toBe(0);
    expect(run.lines.slice(2)).toEqual([
      'mount none / "" ok',
      "mount airlock /mnt tmpfs ok",
      "open new /mnt/data = /mnt/data ok",
      "write = /mnt/data ENOSPC",
      "erase /mnt/data ENOSPC",
      "open /dev/full = /dev/full ok",
      expect.stringMatching(/^wrote \/mnt\/data 65536 in 16 /),
      "exit 0",
    ]);
    expect(run.account.classes["bulk"]).toMatchObject({ suppressed: 1, dropped: 0 });
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
      "exit 0",
    ]);
    expect(run.account.syscalls).toMatchObject({
      "i386:getpid": { calls: 1, failed: 0, denied: 0 },
      "i386:open": { calls: 1 },
      "i386:socketcall": { calls: 2, failed: 1 },
    });
    expect(run.records.filter((record) => "compat" in record && record.compat)).toHaveLength(7);
  });
});

describe("runCanary", () => {
  it("is content with a recorder that sees all", async () => {
    await expect(runCanary(recorder)).resolves.toMatchObject({ events: 11 });
  });
});
