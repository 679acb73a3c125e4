import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import type { AnalyzeOptions } from "./commands/analyze.ts";
import { createProgram, readParserError } from "./program.ts";
import { recordTerminal } from "./recorded-terminal.fixture.ts";

/** Parses a command line and returns what the handler was given. */
async function parse(...line: string[]): Promise<AnalyzeOptions> {
  let given: AnalyzeOptions | undefined;
  const unused = () => expect.fail("another command was run");
  const handlers = {
    analyze: async (options: AnalyzeOptions) => {
      given = options;
    },
    demo: unused,
    doctor: unused,
    listSignatures: unused,
    lintSignatures: unused,
  };
  try {
    await createProgram(handlers, recordTerminal(), "1.2.3").parseAsync(line, { from: "user" });
  } catch (error) {
    throw error instanceof CommanderError ? (readParserError(error) ?? error) : error;
  }
  return given ?? expect.fail("no command was run");
}

describe("the command line", () => {
  it("has sensible defaults", async () => {
    expect(await parse("analyze", "docker:app")).toEqual({
      image: "docker:app",
      format: "table",
      policy: { failOn: "malicious" },
      quiet: false,
      progress: true,
      signatures: [],
      options: { durationMs: 30_000, env: [] },
    });
  });

  it("takes every option", async () => {
    const line = [
      "analyze docker:app --duration 1m --env A=1 --env B=x=y --entrypoint /bin/tool --user 1000:1000 --workdir /srv",
      "--platform linux/arm64 --format sarif --output out.sarif --artifacts run --signatures a --signatures b",
      "--fail-on suspicious --quiet --no-progress -- --serve --format json",
    ];
    expect(await parse(...line.join(" ").split(" "))).toEqual({
      image: "docker:app",
      format: "sarif",
      output: "out.sarif",
      artifactsFolder: "run",
      policy: { failOn: "suspicious" },
      quiet: true,
      progress: false,
      signatures: ["a", "b"],
      options: {
        durationMs: 60_000,
        env: ["A=1", "B=x=y"],
        entrypoint: ["/bin/tool"],
        args: ["--serve", "--format", "json"],
        user: "1000:1000",
        workdir: "/srv",
        platform: "linux/arm64",
      },
    });
  });

  it.each([
    ["an unknown option", ["analyze", "docker:app", "--nope"]],
    ["an unknown command", ["frobnicate"]],
    ["no command", []],
    ["no image", ["analyze"]],
    ["a signature command without a verb", ["signatures"]],
    ["a second image", ["analyze", "docker:one", "docker:two"]],
    ["a stray argument before the separator", ["analyze", "docker:one", "docker:two", "--", "three"]],
    ["a bad duration", ["analyze", "docker:app", "--duration", "soon"]],
    ["a bad format", ["analyze", "docker:app", "--format", "pdf"]],
    ["a bad policy", ["analyze", "docker:app", "--fail-on", "benign"]],
    ["a bad variable", ["analyze", "docker:app", "--env", "NOVALUE"]],
    ["an option without its value", ["analyze", "docker:app", "--output"]],
    ["a format that demo doesn't have", ["demo", "--format", "html"]],
  ])("refuses %s as wrong usage", async (_, line) => {
    await expect(parse(...line)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("keeps arguments of the image that look like ours", async () => {
    const { options } = await parse("analyze", "docker:app", "--", "--", "-x");
    expect(options.args).toEqual(["--", "-x"]);
  });
});
