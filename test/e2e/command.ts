import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

export interface CommandResult {
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly result: Promise<CommandResult>;
  /** Resolves once standard error matches; rejects when the command ends first. */
  waitForStderr(pattern: RegExp): Promise<void>;
}

/** Runs a command in the repository's root to its end. Status 128 + n stands for death by signal. */
export async function runCommand(command: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  return startCommand(command, env).result;
}

export function startCommand(command: readonly string[], env: Record<string, string> = {}): RunningCommand {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
    for (const watcher of watchers) watcher();
  });
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ status: code ?? 128, signal, stdout, stderr }));
  });
  const waitForStderr = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const watcher = () => {
        if (!pattern.test(stderr)) return;
        watchers.delete(watcher);
        resolve();
      };
      watchers.add(watcher);
      watcher();
      result.then(
        (ended) => reject(new Error(`ended with ${ended.status} first: ${ended.stderr.slice(-500)}`)),
        reject,
      );
    });
  return { child, result, waitForStderr };
}
