import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepContent, readContent } from "./file-content.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(content: string | Buffer, maxBytes = 1000) {
  const path = join(folder, "file");
  writeFileSync(path, content);
  return readContent(Buffer.from(path), maxBytes);
}

test("the hash is of the whole, up to the bound and not beyond", () => {
  const text = "x".repeat(1000);
  expect(read(text)?.sha256).toBe(createHash("sha256").update(text).digest("hex"));
  expect(read(`${text}x`)).toBeNull();
});

test.each([
  ["", "empty"],
  ["\x7fELF\x02", "elf"],
  ["#!/bin/sh\n", "script"],
  ["plain\ttext\r\n", "text"],
  ["nul\0l", "data"],
])("%j is %s", (content, type) => {
  expect(read(content)?.contentType).toBe(type);
});

test("links, folders, devices and what is not there are not read", () => {
  writeFileSync(join(folder, "target"), "secret");
  symlinkSync(join(folder, "target"), join(folder, "link"));
  for (const path of [join(folder, "link"), folder, "/dev/zero", join(folder, "nothing")]) {
    expect(readContent(Buffer.from(path), 1000)).toBeNull();
  }
});

test("a copy is named by its hash, made once, and nobody can execute it", () => {
  const content = read("#!/bin/sh\n");
  if (content === null) throw new Error("not read");
  keepContent(folder, content);
  keepContent(folder, content);
  expect(readdirSync(folder).toSorted()).toEqual([content.sha256, "file"].toSorted());
  expect(readFileSync(join(folder, content.sha256), "utf8")).toBe("#!/bin/sh\n");
  expect(statSync(join(folder, content.sha256)).mode & 0o777).toBe(0o600);
});
