import { afterAll, beforeAll, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";
import { findWorkload, recordWorkload } from "./workload-run.ts";

/** Names and contents. Each workload's events, all of them and in order: one too many is as wrong as one too few. */

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

const NOTHING_LOST = { decisive: { dropped: 0 }, bulk: { dropped: 0 } };

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

it("hidden: contents that come by other ways than write, and files that are gone again", async () => {
  const program = findWorkload("hidden");
  const run = await recordWorkload(recorder, (cage) => [program, cage.folder]);
  expect(run.ended).toBe(3);
  const lines = run.lines.map((line) =>
    line.replace(/#\d+/, "#INODE").replace(/^(ioctl .*) (ok|E\w+|errno \d+)$/, "$1 END"),
  );
  expect(lines).toEqual([
    `exec ${program} [${program} ~]`,
    "chdir ~ ok",
    "open new ~/mapped = ~/mapped ok",
    "truncate ~/mapped length 4096 ok",
    // Mapped to be read only, of a file that may be written: it was made writable later.
    "mmap = ~/mapped ok",
    "unlink ~/mapped ok",
    "open new ~/piped = ~/piped ok",
    'wrote ~/piped 14 in 2 ""',
    "unlink ~/piped ok",
    "open new ~/vector = ~/vector ok",
    'wrote ~/vector 17 in 3 "vec"',
    "unlink ~/vector ok",
    "open new ~/later = ~/later ok",
    "io_setup ok",
    "io_submit ok",
    "unlink ~/later ok",
    "open ~ = ~/#INODE deleted ok",
    "link ~/named (/proc/self/fd/3) ok",
    'wrote ~/#INODE deleted 8 in 1 "nameless"',
    "unlink ~/named ok",
    "open new ~/brief = ~/brief ok",
    "unlink ~/brief ok",
    'wrote ~/brief 24 in 2 "#!/bin/sh\\necho gone\\n"',
    "open /etc/passwd = /etc/passwd ok",
    "open new ~/cloned = ~/cloned ok",
    // Most file systems can't.
    "ioctl = ~/cloned END",
    "unlink ~/cloned ok",
    "exit 3",
  ]);
  // The file is gone; its beginning is not.
  const gone = run.records.find((record) => record.kind === "write-total" && record.file.path.endsWith("/brief"));
  expect(gone?.kind === "write-total" && Buffer.from(gone.head).toString()).toBe("#!/bin/sh\necho gone\n");
  expect(run.account.classes).toMatchObject(NOTHING_LOST);
});
