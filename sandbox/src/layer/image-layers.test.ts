import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ImageLayers } from "./image-layers.ts";

let root: string;
let image: ImageLayers;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "airlock-image-layers-"));
  image = new ImageLayers([join(root, "top"), join(root, "base")]);
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), path);
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

/** The host file found, below the test's folder. */
const resolve = (path: string) =>
  image
    .resolve(Buffer.from(path))
    ?.host.toString()
    .slice(root.length + 1);

test("links are followed inside of the image, wherever on the way they are", () => {
  write("base/usr/lib/npm/cli.js");
  link("base/usr/bin/npm", "../lib/npm/cli.js");
  link("top/bin", "usr/bin");
  link("top/start", "/bin/npm");
  for (const path of ["/usr/lib/npm/cli.js", "/usr/bin/npm", "/bin/npm", "/start", "/bin/./../bin/npm"]) {
    expect(resolve(path)).toBe("base/usr/lib/npm/cli.js");
  }
});

test("links never lead out of it", () => {
  write("secret");
  write("base/etc/passwd");
  link("base/escape", "../../../../secret");
  link("base/absolute", join(root, "secret"));
  link("base/passwd", "../../../etc/passwd");
  expect(resolve("/escape")).toBeUndefined();
  expect(resolve("/absolute")).toBeUndefined();
  expect(resolve("/passwd")).toBe("base/etc/passwd");
});

test("links that lead to each other, or nowhere, find nothing", () => {
  link("base/a", "b");
  link("base/b", "a");
  link("base/nowhere", "absent");
  for (const path of ["/a", "/nowhere", "/absent/x"]) expect(resolve(path)).toBeUndefined();
});
