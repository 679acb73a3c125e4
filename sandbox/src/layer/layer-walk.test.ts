import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DetonationLimits } from "@airlock/contracts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ImageLayers } from "./image-layers.ts";
import { LayerWalk } from "./layer-walk.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "airlock-test-"));
  for (const name of ["upper", "top", "base"]) mkdirSync(join(root, name));
});
afterEach(() => rmSync(root, { recursive: true }));

const LIMITS = {
  diskBytes: 1_000_000,
  droppedFileBytes: 1000,
  droppedFilesBytes: 3000,
  droppedFiles: 10,
} as DetonationLimits;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Makes a file and the folders above it. */
function write(path: string, content: string, mode = 0o644): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  chmodSync(full, mode);
}

async function walk(options: { opaque?: string[]; engineMade?: string[]; limits?: Partial<DetonationLimits> } = {}) {
  const found = new LayerWalk({
    image: new ImageLayers([join(root, "top"), join(root, "base")]),
    limits: { ...LIMITS, ...options.limits },
    opaque: new Set(options.opaque),
    engineMade: options.engineMade ?? [],
    keepIn: join(root, "dropped"),
  });
  await found.walk({ where: "layer", folder: join(root, "upper"), path: "/" });
  return found;
}

const kept = () => readdirSync(join(root, "dropped"));

describe("compared with the image", () => {
  test("a new file is added, with its hash, its kind and a copy that can't be executed", async () => {
    write("upper/tmp/x", "#!/bin/sh\n", 0o4755);
    mkdirSync(join(root, "base/tmp"));
    const { entries } = await walk();
    const hash = sha256("#!/bin/sh\n");
    expect(entries).toEqual([
      {
        path: "/tmp/x",
        change: "added",
        where: "layer",
        type: "file",
        size: 10,
        mode: "4755",
        uid: process.getuid?.(),
        gid: process.getgid?.(),
        sha256: hash,
        kept: hash,
        contentType: "script",
      },
    ]);
    expect(kept()).toEqual([hash]);
  });

  test("a file that was only copied up is no change", async () => {
    write("base/etc/app.conf", "a");
    write("upper/etc/app.conf", "a");
    expect((await walk()).entries).toEqual([]);
    expect(kept()).toEqual([]);
  });

  test("new content is a change, told with the old hash", async () => {
    write("base/etc/passwd", "old");
    write("upper/etc/passwd", "new");
    expect((await walk()).entries).toMatchObject([
      { path: "/etc/passwd", change: "changed", sha256: sha256("new"), imageSha256: sha256("old") },
    ]);
  });

  test("a new mode alone is a change, and nothing is copied for it", async () => {
    write("base/bin/sh", "a", 0o755);
    write("upper/bin/sh", "a", 0o4755);
    const { entries } = await walk();
    expect(entries).toMatchObject([{ path: "/bin/sh", change: "changed", mode: "4755" }]);
    expect(entries[0]).not.toHaveProperty("kept");
  });

  test("the topmost layer of the image counts", async () => {
    write("base/a", "base");
    write("top/a", "top");
    write("upper/a", "base");
    expect((await walk()).entries).toMatchObject([{ change: "changed", imageSha256: sha256("top") }]);
  });

  test("a link is told with its target and never followed", async () => {
    symlinkSync("/etc/shadow", join(root, "upper/link"));
    symlinkSync(join(root, "base"), join(root, "upper/folder"));
    write("base/secret", "secret");
    const { entries } = await walk();
    expect(entries).toMatchObject([
      { path: "/folder", type: "symlink", linkTarget: join(root, "base") },
      { path: "/link", type: "symlink", linkTarget: "/etc/shadow" },
    ]);
    expect(kept()).toEqual([]);
  });

  test("a link of the image's is not followed to what it names on the host", async () => {
    write("host/etc/passwd", "of the host");
    symlinkSync(join(root, "host/etc"), join(root, "base/etc"));
    write("upper/etc/passwd", "of the host");
    expect((await walk()).entries.at(-1)).toMatchObject({ path: "/etc/passwd", change: "added" });
  });

  test("a folder that was removed and made again hides what the image has in it", async () => {
    write("base/var/log/a", "1");
    write("top/var/log/b", "22");
    write("base/var/log/c", "333");
    write("upper/var/log/c", "333");
    expect((await walk({ opaque: ["/var/log"] })).entries).toMatchObject([
      { path: "/var/log/a", change: "deleted", size: 1 },
      { path: "/var/log/b", change: "deleted", size: 2 },
    ]);
  });

  test("folders that the engine makes are not the sample's doing, unless it changed them", async () => {
    mkdirSync(join(root, "upper/srv/data"), { recursive: true, mode: 0o755 });
    expect((await walk({ engineMade: ["/srv/data"] })).entries).toEqual([]);
    chmodSync(join(root, "upper/srv/data"), 0o777);
    expect((await walk({ engineMade: ["/srv/data"] })).entries).toMatchObject([{ path: "/srv/data", mode: "0777" }]);
    chmodSync(join(root, "upper/srv/data"), 0o755);
    expect((await walk({ engineMade: ["/srv/dat"] })).entries).toMatchObject([{ path: "/srv/data" }]);
  });
});

describe("names and shapes that a hostile sample may use", () => {
  test("names that are no text", async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/upper/`), Buffer.from([0xff, 0xfe])]), "x");
    write("upper/\n\u001b[2J", "y");
    const { entries } = await walk();
    expect(entries.map(({ path }) => path)).toEqual(["/\n\u001b[2J", "/\ufffd\ufffd"]);
    expect(kept()).toHaveLength(2);
  });

  test("folders nested deeper than a path can be long are said not to have been looked at", async () => {
    const deep = Array.from({ length: 16 }, () => "d".repeat(250)).join("/");
    mkdirSync(join(root, "upper", deep), { recursive: true });
    const found = await walk();
    expect(found.limits()).toMatchObject([{ limit: "dropped-files", affectedSample: false }]);
    expect(found.entries.length).toBeGreaterThan(5);
  });

  test("a fifo is told and not opened", async () => {
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [join(root, "upper/pipe")]);
    expect((await walk()).entries).toMatchObject([{ path: "/pipe", type: "other" }]);
  });
});

describe("bounds", () => {
  test("a file that is too large is neither copied nor hashed, and that is said", async () => {
    write("upper/large", "x".repeat(1001));
    const found = await walk();
    expect(found.entries[0]).not.toHaveProperty("sha256");
    expect(found.limits()).toMatchObject([{ limit: "dropped-files", bound: 3000 }]);
  });

  test("copies end at their number, hashes don't", async () => {
    for (const name of ["a", "b", "c"]) write(`upper/${name}`, name);
    const found = await walk({ limits: { droppedFiles: 2 } });
    expect(found.entries.map((entry) => [entry.path, "kept" in entry])).toEqual([
      ["/a", true],
      ["/b", true],
      ["/c", false],
    ]);
    expect(found.entries[2]?.sha256).toBe(sha256("c"));
    expect(kept()).toHaveLength(2);
    expect(found.limits()).toHaveLength(1);
  });

  test("copies end at their sum", async () => {
    for (const name of ["a", "b", "c", "d"]) write(`upper/${name}`, name.repeat(900));
    await walk();
    expect(kept()).toHaveLength(3);
  });

  test("reading ends at twice what the disk may hold, however large files with holes say they are", async () => {
    for (const name of ["a", "b", "c"]) {
      write(`upper/${name}`, "");
      truncateSync(join(root, "upper", name), 900);
    }
    const found = await walk({ limits: { diskBytes: 1000 } });
    expect(found.entries.map((entry) => [entry.path, "sha256" in entry])).toEqual([
      ["/a", true],
      ["/b", true],
      ["/c", false],
    ]);
    expect(found.limits()).toHaveLength(1);
  });

  test("copies that were there before count, and are not made again", async () => {
    mkdirSync(join(root, "dropped"));
    writeFileSync(join(root, "dropped", sha256("same")), "same");
    for (const name of ["same", "other", "third"]) write(`upper/${name}`, name);
    const found = await walk({ limits: { droppedFiles: 2 } });
    expect(found.entries.map((entry) => [entry.path, entry.kept])).toEqual([
      ["/other", sha256("other")],
      ["/same", sha256("same")],
      ["/third", undefined],
    ]);
  });

  test("the same content under two names is one copy", async () => {
    write("upper/a", "same");
    write("upper/b", "same");
    const found = await walk();
    expect(found.entries.map((entry) => entry.kept)).toEqual([sha256("same"), sha256("same")]);
    expect(kept()).toEqual([sha256("same")]);
    expect(existsSync(join(root, "dropped", sha256("same")))).toBe(true);
  });
});
