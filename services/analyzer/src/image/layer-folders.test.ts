import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { canReadFolders, linksInFolders, lintFolders } from "./layer-folders.ts";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
});

/** Null makes a folder, an object a link, text a file. */
function layer(entries: Record<string, null | string | { to: string }>): string {
  const folder = mkdtempSync(join(tmpdir(), "airlock-layer-"));
  made.push(folder);
  for (const [path, what] of Object.entries(entries)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (what === null) mkdirSync(join(folder, path), { recursive: true });
    else if (typeof what === "string") writeFileSync(join(folder, path), what);
    else symlinkSync(what.to, join(folder, path));
  }
  return folder;
}

test("layers as engines and bootstraps leave them are fine", () => {
  const base = layer({ "dev/pts": null, "dev/console": "", "dev/fd": { to: "/proc/self/fd" }, proc: null, sys: null });
  expect(() => lintFolders([base, layer({ "etc/mtab": { to: "/proc/mounts" } }), layer({})])).not.toThrow();
});

test.each([
  [{ proc: { to: "/tmp" } }],
  [{ sys: "file" }],
  [{ dev: { to: "/" } }],
  [{ "proc/1": null }],
  [{ "sys/kernel/x": "" }],
  [{ "dev/null": { to: "/proc/sysrq-trigger" } }],
  [{ "dev/pts/0": { to: "/x" } }],
  [{ "dev/deep/er/file": "content" }],
])("%j is refused in whichever layer", (entries) => {
  const refused = expect.objectContaining({ code: "IMAGE_LAYER_REFUSED" });
  expect(() => lintFolders([layer({}), layer(entries), layer({})])).toThrow(refused);
});

test("links are found in every layer, and never through another link on the host", () => {
  const outside = layer({ secret: { to: "/nowhere" } });
  const lower = layer({ "srv/app": { to: "/proc/self/fd/7" } });
  const upper = layer({ srv: { to: outside }, "opt/x": { to: "y" } });
  const links = linksInFolders([lower, upper]);
  expect(links("/srv/app")).toEqual(["/proc/self/fd/7"]);
  expect(links("/srv")).toEqual([outside]);
  expect(links("/srv/secret")).toEqual([]);
  expect(links("/opt/x")).toEqual(["y"]);
  expect(links("/opt/x/z")).toEqual([]);
  expect(links(`/${"n".repeat(300)}`)).toEqual([]);
});

test("folders that are not there can't be read", () => {
  expect(canReadFolders([layer({})])).toBe(true);
  expect(canReadFolders([layer({}), "/nonexistent/diff"])).toBe(false);
  expect(canReadFolders([])).toBe(false);
});
