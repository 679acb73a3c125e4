import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** The built program, as the launcher starts it. */
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env["PATH"], ...env } });
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    written.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    written.stderr += chunk.toString();
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, ...written };
}

const ONE_LINE = /^airlock: [^\n]* \[[A-Z_]+\]\n$/;

describe("airlock", () => {
  it("explains itself and its exit status", async () => {
    const { status, stdout, stderr } = await run(["--help"]);
    expect(status).toBe(0);
    expect(stderr).toBe("");
    for (const word of ["analyze", "demo", "doctor", "Exit status", "130"]) expect(stdout).toContain(word);
    const analyze = await run(["analyze", "--help"]);
    expect(analyze.stdout).toContain("--fail-on");
    expect(analyze.stdout).toContain("docker-archive:FILE");
  });

  it("prints its version", async () => {
    expect(await run(["--version"])).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: "",
    });
  });

  it.each([
    ["USAGE", []],
    ["USAGE", ["analyze"]],
    ["USAGE", ["analyze", "docker:app", "--nope"]],
    ["USAGE", ["analyze", "docker:app", "--duration", "\u001b[2J"]],
    ["IMAGE_REFERENCE_INVALID", ["analyze", ""]],
    ["OUTPUT_UNWRITABLE", ["analyze", "docker:app", "--output", "/no/such/folder/report"]],
    ["USAGE", ["doctor", "--format", "html"]],
  ])("fails with one clear line and the code %s for %j", async (code, args) => {
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).not.toContain("\u001b");
  });

  it("shows where a fault came from when asked to", async () => {
    const { stderr } = await run(["analyze"], { AIRLOCK_DEBUG: "1" });
    expect(stderr.split("\n").length).toBeGreaterThan(2);
  });

  it("keeps its exit status when the reader of its output leaves early", async () => {
    const child = spawn("/bin/sh", ["-c", '"$0" "$1" --help; echo "status $?" >&2', process.execPath, MAIN]);
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    await once(child, "close");
    expect(stderr).toBe("status 0\n");
  });
});
