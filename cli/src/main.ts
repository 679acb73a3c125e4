import { readFileSync } from "node:fs";
import { type Fault, toFault } from "@airlock/contracts/fault";
import { CommanderError } from "commander";
import { EXIT_STATUS, type ExitStatus, faultExitStatus } from "./exit-status.ts";
import { formatFaultLine, formatFaultTrace } from "./fault-line.ts";
import { createProgram, readParserError } from "./program.ts";
import { type Terminal, toleratePipeClose, writeText } from "./terminal.ts";

const terminal: Terminal = { stdout: process.stdout, stderr: process.stderr, env: process.env };
let status: ExitStatus = EXIT_STATUS.allowed;

toleratePipeClose(terminal.stdout, (error) => exitWith(toFault(error, "OUTPUT_UNWRITABLE", "standard output")));
toleratePipeClose(terminal.stderr, () => undefined);

// A defect of ours is a fault like any other: one line and status 1. What it leaves behind, the next start removes.
process.on("uncaughtException", (error) => exitWith(toFault(error)));

const program = createProgram(
  {
    // Each command loads its own half of the system: help and usage errors must not wait for it.
    analyze: async (options) => {
      const [{ runAnalyze }, { withAnalysis }] = await Promise.all([
        import("./commands/analyze.ts"),
        import("./analysis.ts"),
      ]);
      status = await withAnalysis((analyze) => runAnalyze(options, terminal, analyze));
    },
    demo: async (options) => {
      const [{ runDemo }, { withAnalysis }, { openDemoEngine }] = await Promise.all([
        import("./commands/demo.ts"),
        import("./analysis.ts"),
        import("./demo/demo-engine.ts"),
      ]);
      status = await withAnalysis(async (analyze) =>
        runDemo(options, terminal, { analyze, engine: await openDemoEngine(options) }),
      );
    },
    doctor: async (options) => {
      const [{ runDoctor }, { examineHost }] = await Promise.all([
        import("./commands/doctor.ts"),
        import("@airlock/sandbox"),
      ]);
      status = await runDoctor(options, terminal, examineHost);
    },
    listSignatures: async (options) => {
      const { runSignaturesList } = await import("./commands/signatures.ts");
      status = await runSignaturesList(options, terminal);
    },
    lintSignatures: async (options) => {
      const { runSignaturesLint } = await import("./commands/signatures.ts");
      status = await runSignaturesLint(options, terminal);
    },
  },
  terminal,
  readVersion(),
);

try {
  await program.parseAsync();
} catch (error) {
  const fault = error instanceof CommanderError ? readParserError(error) : toFault(error);
  if (fault !== null) status = await reportFault(fault);
}
// Keep-alive connections to the engine would hold the process for seconds.
process.exit(status);

async function reportFault(fault: Fault): Promise<ExitStatus> {
  await writeText(terminal.stderr, formatFaultLine(fault));
  if (terminal.env["AIRLOCK_DEBUG"] === "1") await writeText(terminal.stderr, formatFaultTrace(fault));
  return faultExitStatus(fault);
}

function exitWith(fault: Fault): void {
  void reportFault(fault).then((failure) => process.exit(failure));
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
