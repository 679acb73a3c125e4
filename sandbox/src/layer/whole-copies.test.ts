import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requireWholeCopies } from "./whole-copies.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("copies of metadata alone are refused, and nothing else is", () => {
  const parameter = join(folder, "metacopy");
  expect(() => requireWholeCopies(parameter)).not.toThrow();
  writeFileSync(parameter, "N\n");
  expect(() => requireWholeCopies(parameter)).not.toThrow();
  writeFileSync(parameter, "Y\n");
  expect(() => requireWholeCopies(parameter)).toThrow(expect.objectContaining({ code: "KERNEL_UNSUPPORTED" }));
});
