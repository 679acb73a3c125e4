import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { FaultCode } from "@airlock/contracts";
import { type Header, pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import { DEFAULT_IMAGE_LIMITS, ImageAccount, type ImageLimits } from "./image-limits.ts";
import { emptyFindings, lintLayer } from "./layer-lint.ts";

type Entry = Partial<Header> & { name: string; content?: string };

async function layer(...entries: Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry({ type: "file", ...header }, content ?? "");
  archive.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of archive) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

async function lint(bytes: Uint8Array, limits: Partial<ImageLimits> = {}, findings = emptyFindings()) {
  const account = new ImageAccount({ ...DEFAULT_IMAGE_LIMITS, ...limits });
  const passed: Uint8Array[] = [];
  for await (const chunk of lintLayer(pieces(bytes), account, findings)) passed.push(chunk);
  return Buffer.concat(passed);
}

/** Odd sizes, so that nothing falls together with a header. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 3);
  for (let at = 3; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

const code = (name: FaultCode) => expect.objectContaining({ code: name });
const link = (name: string, linkname: string): Entry => ({ name, type: "symlink", linkname });

describe("an ordinary layer", () => {
  const ordinary = layer(
    { name: "bin/", type: "directory" },
    { name: "bin/sh", content: "#!" },
    link("lib", "usr/lib"),
    { name: "usr/lib/x", content: "x".repeat(5000) },
    { name: "hard", type: "link", linkname: "bin/sh" },
    { name: ".wh.gone" },
    { name: "dev/", type: "directory" },
    { name: "dev/pts/", type: "directory" },
    { name: "dev/shm/", type: "directory" },
    { name: "dev/null", type: "character-device", devmajor: 1, devminor: 3 },
    { name: "dev/loop0", type: "block-device", devmajor: 7, devminor: 0 },
    { name: "dev/console" },
    { name: "dev/.wh.old" },
    link("dev/fd", "/proc/self/fd"),
    link("dev/stdout", "../proc/self/fd/1"),
    link("dev/ptmx", "pts/ptmx"),
    { name: "proc/", type: "directory" },
    { name: "./sys/", type: "directory" },
    link("var/log/access.log", "/dev/stdout"),
    link("etc/mtab", "/proc/mounts"),
    { name: "procession/sysadmin/device", content: "fine" },
  );

  test("passes unchanged, plain and gzip, and tells its links", async () => {
    const bytes = await ordinary;
    const findings = emptyFindings();
    expect((await lint(bytes, {}, findings)).equals(bytes)).toBe(true);
    expect(findings.links.get("/etc/mtab")).toBe("/proc/mounts");
    expect(findings.links.get("/lib")).toBe("usr/lib");
    const zipped = gzipSync(bytes);
    const again = emptyFindings();
    expect((await lint(zipped, {}, again)).equals(zipped)).toBe(true);
    expect(again.diffId).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    expect(again).toEqual(findings);
  });

  test("may be empty", async () => {
    expect(await lint(Buffer.alloc(0))).toHaveLength(0);
    expect(await lint(Buffer.alloc(1024))).toHaveLength(1024);
  });
});

test.each<[string, Entry[]]>([
  ["a /proc that is a link", [link("proc", "/tmp")]],
  ["a /proc that is a file", [{ name: "proc", content: "x" }]],
  ["a /sys that is a link", [link("./sys", "x")]],
  ["a /dev that is a link", [link("/dev/", "/tmp")]],
  ["a file in /proc", [{ name: "proc/self", content: "" }]],
  ["a folder in /sys", [{ name: "sys//kernel/", type: "directory" }]],
  ["a link at /dev/null", [link("dev/null", "/proc/sys/kernel/core_pattern")]],
  ["a link at /dev/console", [link("dev/console", "/etc/shadow")]],
  ["a link at a terminal", [link("dev/pts/0", "/x")]],
  ["a standard link that leads elsewhere", [link("dev/stdin", "/proc/self/fd/8")]],
  ["a hard link at /dev/null", [{ name: "dev/null", type: "link", linkname: "etc/passwd" }]],
  ["a hard link into /proc", [{ name: "a", type: "link", linkname: "proc/self/exe" }]],
  ["a file with content in /dev", [{ name: "dev/x", content: "x" }]],
  ["a disk in /dev", [{ name: "dev/sda", type: "block-device", devmajor: 8, devminor: 0 }]],
  ["a name that climbs", [{ name: "a/../../proc/x", content: "" }]],
  ["an entry behind a link into /proc", [link("a", "proc"), { name: "a/self", content: "x" }]],
  ["an entry behind links upon links", [link("b/c", "../a"), link("a", "/dev"), { name: "b/c/null", content: "x" }]],
  ["a link behind a link", [link("a", "dev"), link("a/null", "/x")]],
  ["a sparse file", [{ name: "s", content: "x", pax: { "GNU.sparse.name": "proc/x" } as never }]],
])("%s is refused", async (_, entries) => {
  await expect(lint(await layer(...entries))).rejects.toThrow(code("IMAGE_LAYER_REFUSED"));
});

describe("headers that readers take differently are refused:", () => {
  /** Changes the first header and makes its checksum right again. */
  async function forged(change: (header: Buffer) => void): Promise<Buffer> {
    const bytes = await layer({ name: "x", content: "abc" });
    const header = bytes.subarray(0, 512);
    change(header);
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return bytes;
  }

  test("an unknown type", async () => {
    await expect(lint(await forged((header) => header.write("S", 156)))).rejects.toThrow(code("IMAGE_LAYER_REFUSED"));
  });

  test("a link with content", async () => {
    await expect(lint(await forged((header) => header.write("2", 156)))).rejects.toThrow(code("IMAGE_LAYER_REFUSED"));
  });
});

test.each<[string, () => Promise<Uint8Array>, FaultCode]>([
  ["no tar", async () => Buffer.from("x".repeat(2000)), "IMAGE_MALFORMED"],
  [
    "a tar that is cut off",
    async () => (await layer({ name: "a", content: "x".repeat(9000) })).subarray(0, 3000),
    "IMAGE_MALFORMED",
  ],
  [
    "a gzip that is cut off",
    async () => gzipSync(await layer({ name: "a", content: "x" })).subarray(0, -9),
    "IMAGE_MALFORMED",
  ],
  ["bzip2", async () => Buffer.from("BZh91AY&SY"), "IMAGE_LAYER_REFUSED"],
  ["xz", async () => Buffer.from("fd377a585a0000", "hex"), "IMAGE_LAYER_REFUSED"],
])("%s is refused", async (_, bytes, fault) => {
  await expect(lint(await bytes())).rejects.toThrow(code(fault));
});

test.each<[string, Partial<ImageLimits>, Entry[]]>([
  ["bytes", { unpackedBytes: 4000 }, [{ name: "a", content: "x".repeat(5000) }]],
  ["entries", { entries: 2 }, [{ name: "a" }, { name: "b" }, { name: "c" }]],
  ["long paths", {}, [{ name: `${"d".repeat(200)}/`.repeat(21) }]],
  ["text in links", { linkBytes: 50 }, [link("a", "x".repeat(60))]],
])("too many %s are IMAGE_TOO_LARGE", async (_, limits, entries) => {
  await expect(lint(await layer(...entries), limits)).rejects.toThrow(code("IMAGE_TOO_LARGE"));
});

test("a layer that unpacks to a thousand times its size is stopped on the way", async () => {
  const bomb = gzipSync(Buffer.concat([await layer({ name: "z", size: 0 }), Buffer.alloc(300 * 1024 * 1024)]));
  await expect(lint(bomb)).rejects.toThrow(code("IMAGE_TOO_LARGE"));
});

test("an error of the source comes through as it is", async () => {
  const broken = async function* () {
    yield Buffer.alloc(1000);
    throw new Error("broken source");
  };
  const reading = lintLayer(broken(), new ImageAccount(DEFAULT_IMAGE_LIMITS), emptyFindings());
  await expect(reading.next().then(() => reading.next())).rejects.toThrow("broken source");
});
