import { once } from "node:events";

/** The process's surroundings as commands see them: handed in, so that tests can bring their own. */
export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colour only on a terminal that can show it, and by https://no-color.org never against the user's wish. */
export function mayColour(terminal: Terminal, stream: NodeJS.WriteStream): boolean {
  const { env } = terminal;
  if (isSet(env["NO_COLOR"])) return false;
  if (isSet(env["FORCE_COLOR"])) return env["FORCE_COLOR"] !== "0";
  return stream.isTTY && env["TERM"] !== "dumb";
}

/** A line that rewrites itself is for people who look at it, not for logs. */
export function mayAnimate(terminal: Terminal): boolean {
  const { env, stderr } = terminal;
  return stderr.isTTY && env["TERM"] !== "dumb" && !isSet(env["NO_COLOR"]) && !isTrue(env["CI"]);
}

/** Columns to lay out for; 100 where the result goes to a file or a pipe, unless COLUMNS says otherwise. */
export function measureWidth(terminal: Terminal): number {
  return terminal.stdout.columns ?? (Number(terminal.env["COLUMNS"]) || 100);
}

/** Resolves once the text was handed to the system, so that exiting can't cut it. */
export async function writeText(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (stream.destroyed || stream.write(text)) return;
  await Promise.race([once(stream, "drain"), once(stream, "close")]);
}

/**
 * A reader that has seen enough (`| head`) closes the pipe; that changes no verdict, so the exit status stays what it is.
 * Any other failure to write is one of ours, and reported through `onFailure`.
 */
export function toleratePipeClose(stream: NodeJS.WriteStream, onFailure: (error: Error) => void): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    stream.destroy();
    if (error.code !== "EPIPE") onFailure(error);
  });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function isTrue(value: string | undefined): boolean {
  return isSet(value) && value !== "0" && value !== "false";
}
