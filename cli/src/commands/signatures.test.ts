import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordTerminal } from "../recorded-terminal.fixture.ts";
import { runSignaturesLint, runSignaturesList } from "./signatures.ts";

describe("airlock signatures", () => {
  it("lists the shipped ones as JSON in the documented form", async () => {
    const terminal = recordTerminal();
    expect(await runSignaturesList({ folders: [], format: "json" }, terminal)).toBe(0);
    const listed = JSON.parse(terminal.written.stdout) as Record<string, unknown>[];
    expect(listed.length).toBeGreaterThan(0);
    expect(Object.keys(listed[0] ?? {}).toSorted()).toEqual([
      "applies",
      "category",
      "id",
      "level",
      "reason",
      "source",
      "techniques",
      "title",
      "uuid",
    ]);
  });

  it("lists a line for each, and their number", async () => {
    const terminal = recordTerminal();
    await runSignaturesList({ folders: [], format: "table" }, terminal);
    const lines = terminal.written.stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toContain(`${lines.length - 1} signatures`);
  });

  it("finds nothing wrong with the shipped ones", async () => {
    const terminal = recordTerminal();
    expect(await runSignaturesLint({ folders: [], format: "table" }, terminal)).toBe(0);
    expect(terminal.written.stdout).toMatch(/^✔ [1-9]\d* packs looked at, 0 findings\n$/);
  });

  it("refuses a broken rule with the file's name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "airlock-cli-test-"));
    try {
      await mkdir(join(folder, "impact", "broken"), { recursive: true });
      await writeFile(join(folder, "impact", "broken", "rule.yml"), "title: [\n");
      const broken = expect.objectContaining({
        code: "SIGNATURE_INVALID",
        message: expect.stringContaining("rule.yml"),
      });
      await expect(runSignaturesList({ folders: [folder], format: "json" }, recordTerminal())).rejects.toEqual(broken);
      await expect(runSignaturesLint({ folders: [folder], format: "json" }, recordTerminal())).rejects.toEqual(broken);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
