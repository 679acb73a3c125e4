import type { Policy } from "@airlock/contracts";
// Not the whole of contracts: building all its schemas takes longer than printing help.
import { Fault } from "@airlock/contracts/fault";
import { Command, type CommanderError, Option } from "commander";
import type { AnalyzeOptions } from "./commands/analyze.ts";
import type { ListSignaturesOptions } from "./commands/signatures.ts";
import { parseDuration } from "./duration.ts";
import { parseResultFormat } from "./result-format.ts";
import type { Terminal } from "./terminal.ts";

/** What each command is run with once its line was parsed; the handlers load their heavy parts themselves. */
export interface CommandHandlers {
  analyze(options: AnalyzeOptions): Promise<void>;
  demo(options: { durationMs: number; keep: boolean; format: "table" | "json"; quiet: boolean }): Promise<void>;
  doctor(options: { format: "table" | "json" }): Promise<void>;
  listSignatures(options: ListSignaturesOptions): Promise<void>;
  lintSignatures(options: ListSignaturesOptions): Promise<void>;
}

const EXIT_STATUSES = `
Exit status:
  0    the policy allows the image, and the evidence is complete
  1    error: bad usage, or a fault of Airlock or its surroundings (one line with a code on standard error)
  2    the policy denies the image (--fail-on, default malicious)
  3    not denied, but the verdict is unknown or its evidence has holes
  130  interrupted; everything was torn down first
`;

const ANALYZE_EXAMPLES = `
IMAGE is a registry reference, docker:NAME (local engine), docker-archive:FILE, oci-archive:FILE or oci:DIR.

Examples:
  airlock analyze docker:myapp:latest
  airlock analyze registry.example.com/team/app:1.4 --duration 60s --fail-on suspicious
  airlock analyze oci-archive:app.tar --format json | jq .verdict.level
  airlock analyze docker:myapp --format sarif --output airlock.sarif --quiet
  airlock analyze docker:tool --entrypoint /bin/tool -- --serve --port 8080
`;

/** The whole command line. Parsing throws USAGE Faults; help and version are printed by the parser. */
export function createProgram(handlers: CommandHandlers, terminal: Terminal, version: string): Command {
  const program = new Command("airlock")
    .description("Runs a container image in isolation, records everything it does, and judges the record.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .addHelpText(
      "after",
      `${EXIT_STATUSES}\nExamples:\n  airlock demo\n  airlock doctor\n  airlock analyze docker:myapp:latest\n`,
    );
  addAnalyze(program, handlers);
  addDemo(program, handlers);
  addDoctor(program, handlers);
  addSignatures(program, handlers);
  for (const command of listCommands(program)) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void terminal.stdout.write(text),
        writeErr: () => undefined,
        getOutHelpWidth: () => Math.min(terminal.stdout.columns ?? 100, 120),
      })
      .showHelpAfterError(false);
  }
  return program;
}

/** The parser hands no setting down to commands that exist already. */
function listCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

function addAnalyze(program: Command, handlers: CommandHandlers): void {
  program
    .command("analyze")
    .description("analyse one image and print the report")
    .argument("<image>", "what to analyse (see below)")
    .argument("[args...]", "after --: arguments for the image instead of its own command")
    .option("--duration <time>", "observation window, from 1s to 1h", "30s")
    .option("--env <name=value>", "set an environment variable (repeatable)", collect)
    .option("--entrypoint <program>", "run this program of the image instead of its entry point")
    .option("--user <user>", "run as this user (name or uid, :group)")
    .option("--workdir <folder>", "run in this folder of the image")
    .option("--platform <os/arch>", "which variant of a multi-platform image")
    .option("--format <format>", "table, json, sarif, junit, markdown or html", "table")
    .option("--output <file>", "write the report to a file instead of standard output")
    .option("--artifacts <folder>", "keep the whole record: events, capture, dropped files")
    .option("--signatures <folder>", "add signatures to the shipped ones (repeatable)", collect)
    .addOption(new Option("--fail-on <verdict>", "lowest verdict that is denied").default("malicious"))
    .option("--quiet", "no progress and no closing line on standard error")
    .option("--no-progress", "no progress on standard error")
    .addHelpText("after", `${ANALYZE_EXAMPLES}${EXIT_STATUSES}`)
    .action(async (image: string, args: string[], flags: AnalyzeFlags, command: Command) => {
      await handlers.analyze(readAnalyzeOptions(image, args, flags, command));
    });
}

interface AnalyzeFlags {
  duration: string;
  env?: string[];
  entrypoint?: string;
  user?: string;
  workdir?: string;
  platform?: string;
  format: string;
  output?: string;
  artifacts?: string;
  signatures?: string[];
  failOn: string;
  quiet?: boolean;
  progress: boolean;
}

function readAnalyzeOptions(image: string, args: string[], flags: AnalyzeFlags, command: Command): AnalyzeOptions {
  refuseStrayArguments(args, command);
  const { entrypoint, user, workdir, platform, output, artifacts } = flags;
  return {
    image,
    format: parseResultFormat(flags.format),
    policy: parsePolicy(flags.failOn),
    quiet: flags.quiet ?? false,
    progress: flags.progress,
    signatures: flags.signatures ?? [],
    ...(output === undefined ? {} : { output }),
    ...(artifacts === undefined ? {} : { artifactsFolder: artifacts }),
    options: {
      durationMs: parseDuration(flags.duration),
      env: (flags.env ?? []).map(checkVariable),
      ...(entrypoint === undefined ? {} : { entrypoint: [entrypoint] }),
      ...(args.length === 0 ? {} : { args }),
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { workdir }),
      ...(platform === undefined ? {} : { platform }),
    },
  };
}

/** `analyze one two` is a slip; arguments for the image have to be set apart by `--`. */
function refuseStrayArguments(args: readonly string[], command: Command): void {
  const line = (command.parent as (Command & { rawArgs?: string[] }) | null)?.rawArgs ?? [];
  const marker = line.indexOf("--");
  const separated = marker < 0 ? 0 : line.length - marker - 1;
  if (args.length > separated) {
    throw new Fault("USAGE", `unexpected argument "${args[0]}"`, { hint: "arguments for the image follow after --" });
  }
}

function checkVariable(text: string): string {
  if (!/^[^=]+=/.test(text)) throw new Fault("USAGE", `"${text}" is not NAME=value`);
  return text;
}

function parsePolicy(text: string): Policy {
  if (text !== "suspicious" && text !== "malicious") {
    throw new Fault("USAGE", `can't fail on "${text}"`, { hint: "suspicious or malicious" });
  }
  return { failOn: text };
}

function addDemo(program: Command, handlers: CommandHandlers): void {
  program
    .command("demo")
    .description("build a harmless web server and a harmless imitation of an implant, and analyse both")
    .option("--duration <time>", "observation window of each", "8s")
    .option("--format <format>", "table or json", "table")
    .option("--keep", "leave the two images in the local engine")
    .option("--quiet", "no progress on standard error")
    .addHelpText("after", "\nExits 0 only when both verdicts are as expected.\n")
    .action(async (flags: { duration: string; format: string; keep?: boolean; quiet?: boolean }) => {
      await handlers.demo({
        durationMs: parseDuration(flags.duration),
        format: parseResultFormat(flags.format, ["table", "json"]) as "table" | "json",
        keep: flags.keep ?? false,
        quiet: flags.quiet ?? false,
      });
    });
}

function addDoctor(program: Command, handlers: CommandHandlers): void {
  program
    .command("doctor")
    .description("check the engine, kernel, recorder, sink and disk, and say what to do about each failure")
    .option("--format <format>", "table or json", "table")
    .addHelpText("after", "\nExits 0 when nothing failed (warnings are no failure), else 1.\n")
    .action(async (flags: { format: string }) => {
      await handlers.doctor({ format: parseResultFormat(flags.format, ["table", "json"]) as "table" | "json" });
    });
}

function addSignatures(program: Command, handlers: CommandHandlers): void {
  const signatures = program.command("signatures").description("list the signatures, or check their folders");
  const read = (flags: { format: string; signatures?: string[] }): ListSignaturesOptions => ({
    format: parseResultFormat(flags.format, ["table", "json"]) as "table" | "json",
    folders: flags.signatures ?? [],
  });
  signatures
    .command("list")
    .description("print what an analysis would judge by")
    .option("--signatures <folder>", "add signatures to the shipped ones (repeatable)", collect)
    .option("--format <format>", "table or json", "table")
    .action((flags) => handlers.listSignatures(read(flags)));
  signatures
    .command("lint")
    .description("check the shipped signatures, or those of a folder of <tactic>/<slug>")
    .option("--signatures <folder>", "check these instead of the shipped ones (repeatable)", collect)
    .option("--format <format>", "table or json", "table")
    .action((flags) => handlers.lintSignatures(read(flags)));
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/** Turns the parser's own complaints into our one kind of error; null when it only printed help or the version. */
export function readParserError(error: CommanderError): Fault | null {
  if (error.exitCode === 0) return null;
  if (error.code === "commander.help") return new Fault("USAGE", "no command given", { hint: "see airlock --help" });
  const message = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
  return new Fault("USAGE", message, { hint: "see airlock --help" });
}
