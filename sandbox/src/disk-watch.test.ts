import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DiskWatch, requireFreeSpace } from "./disk-watch.ts";

const KiB = 1024;
let root: string;
let upper: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "airlock-test-"));
  upper = join(root, "upper");
  mkdirSync(upper);
});
afterEach(() => rmSync(root, { recursive: true }));

/** The first look counts, whatever the free space says. */
function look(boundBytes: number, options: { files?: string[]; processes?: number[] } = {}) {
  const { files = [], processes = [] } = options;
  return new DiskWatch({ upper, files, boundBytes, listProcesses: () => processes }).look();
}

const hit = expect.objectContaining({ limit: "disk", affectedSample: true });

test("what lies within the bound is no hit", async () => {
  writeFileSync(join(upper, "a"), "x".repeat(100 * KiB));
  expect(await look(200 * KiB)).toBeNull();
});

test("files in folders of any depth count", async () => {
  mkdirSync(join(upper, "a/b/c"), { recursive: true });
  writeFileSync(join(upper, "a/b/c/d"), "x".repeat(100 * KiB));
  expect(await look(64 * KiB)).toEqual(hit);
});

test("files with holes count for what they take, not for what they say", async () => {
  const file = openSync(join(upper, "sparse"), "w");
  closeSync(file);
  truncateSync(join(upper, "sparse"), 2 ** 40);
  expect(await look(64 * KiB)).toBeNull();
});

test("empty files count too, for each takes its place in the tables", async () => {
  for (let index = 0; index < 100; index++) writeFileSync(join(upper, `empty-${index}`), "");
  expect(await look(200 * KiB)).toEqual(hit);
});

test("a link is not followed", async () => {
  mkdirSync(join(root, "elsewhere"));
  writeFileSync(join(root, "elsewhere/large"), "x".repeat(1000 * KiB));
  symlinkSync(join(root, "elsewhere"), join(upper, "link"));
  expect(await look(64 * KiB)).toBeNull();
});

test("files besides the layer count", async () => {
  const hosts = join(root, "hosts");
  writeFileSync(hosts, "x".repeat(100 * KiB));
  expect(await look(64 * KiB, { files: [hosts] })).toEqual(hit);
});

test("a file that is open and has no name counts while a process holds it", async () => {
  const path = join(root, "unnamed");
  writeFileSync(path, "x".repeat(100 * KiB));
  const file = openSync(path, "r");
  unlinkSync(path);
  try {
    expect(await look(64 * KiB, { processes: [process.pid] })).toEqual(hit);
  } finally {
    closeSync(file);
  }
  expect(await look(64 * KiB, { processes: [process.pid] })).toBeNull();
});

test("no run begins on a disk without room for it", () => {
  expect(() => requireFreeSpace(root, 0)).not.toThrow();
  expect(() => requireFreeSpace(root, 2 ** 60)).toThrow(expect.objectContaining({ code: "DISK_LOW" }));
});
