import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prepareOutputFile } from "./output-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-cli-test-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("prepareOutputFile", () => {
  it("writes nothing before the result is there, then all of it, and leaves no other file", async () => {
    const path = join(folder, "report.json");
    await writeFile(path, "old");
    const output = await prepareOutputFile(path);
    expect(await readFile(path, "utf8")).toBe("old");
    await output.write("new");
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["report.json"]);
  });

  it("writes to what a link points to, and keeps the link", async () => {
    await writeFile(join(folder, "real"), "old");
    await symlink("real", join(folder, "link"));
    await (await prepareOutputFile(join(folder, "link"))).write("new");
    expect(await readFile(join(folder, "real"), "utf8")).toBe("new");
    expect((await readdir(folder)).toSorted()).toEqual(["link", "real"]);
  });

  it("writes through a device instead of replacing it", async () => {
    await (await prepareOutputFile("/dev/null")).write("text");
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  });

  it("refuses at once what could not be written later", async () => {
    await expect(prepareOutputFile(folder)).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    await expect(prepareOutputFile(join(folder, "no", "such"))).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
  });

  it("leaves no half-written file when writing fails", async () => {
    const inner = join(folder, "gone");
    const output = await prepareOutputFile(join(folder, "report"));
    await rm(folder, { recursive: true });
    await expect(output.write("text")).rejects.toMatchObject({ code: "OUTPUT_UNWRITABLE" });
    await expect(stat(inner)).rejects.toThrow();
  });
});
