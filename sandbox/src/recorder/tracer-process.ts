import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Fault } from "@airlock/contracts";
import { parseTracerMessage, type TracerMessage } from "./tracer-message.ts";

const STDERR_MAX = 4096;
const CLOSE_MS = 5_000;

export interface TracerProcess {
  readonly pid: number;
  send(fields: readonly (string | number)[]): void;
  /** Ends its input, upon which it leaves; killed when it doesn't. Resolves when it is gone. */
  end(): Promise<void>;
  kill(): void;
}

export interface TracerListener {
  readonly onMessage: (message: TracerMessage) => void;
  /** Once, however it came to be. */
  readonly onExit: (fault: Fault) => void;
}

/** From `src/` and from `dist/` alike. AIRLOCK_TRACER in the environment names another one. */
export function findTracer(): string {
  return process.env["AIRLOCK_TRACER"] ?? fileURLToPath(new URL("../../tracer/build/airlock-tracer", import.meta.url));
}

/** Throws TRACER_MISSING when there is no program at that path. Everything later comes through the listener. */
export async function spawnTracer(path: string, listener: TracerListener): Promise<TracerProcess> {
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new Fault("TRACER_MISSING", `there is no recorder at ${path}`, {
      hint: "Build it with: make -C sandbox/tracer",
      cause,
    });
  });
  // A session of its own: Ctrl-C in a terminal must not end the recorder before the analysis is closed.
  const child = spawn(path, [], { stdio: ["pipe", "pipe", "pipe"], detached: true, env: {} });
  const gone = watchExit(child, listener);
  child.stdin.on("error", () => undefined); // it died: onExit tells
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const message = parseTracerMessage(line);
    if (message !== null) return listener.onMessage(message);
    // Another build's words: nothing it says can be relied on.
    child.stderr.emit("data", Buffer.from(`it said what this version does not know: ${line.slice(0, 200)}`));
    child.kill("SIGKILL");
  });
  return {
    pid: child.pid ?? 0,
    send: (fields) => void child.stdin.write(`${fields.join("\t")}\n`),
    kill: () => void child.kill("SIGKILL"),
    async end() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), CLOSE_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

function watchExit(child: ChildProcess, listener: TracerListener): Promise<void> {
  let complaint = "";
  child.stderr?.on("data", (data: Buffer) => {
    complaint = (complaint + data.toString("utf8")).slice(-STDERR_MAX);
  });
  return new Promise((resolve) => {
    let told = false;
    const tell = (how: string) => {
      if (told) return;
      told = true;
      listener.onExit(
        new Fault("TRACER_FAILED", `the recorder ${how}${complaint === "" ? "" : `: ${complaint.trim()}`}`),
      );
      resolve();
    };
    child.on("error", (error) => tell(`could not be started: ${error.message}`));
    child.on("close", (code, signal) => tell(`ended with ${signal ?? `status ${code}`}`));
  });
}
