import { Writable } from "node:stream";
import type { Terminal } from "./terminal.ts";

/** A terminal whose streams keep what was written, for tests. */
export function recordTerminal(
  env: Record<string, string> = {},
  tty = false,
): Terminal & { readonly written: { readonly stdout: string; readonly stderr: string } } {
  const texts = { stdout: "", stderr: "" };
  const open = (name: keyof typeof texts) => {
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        texts[name] += String(chunk);
        done();
      },
    });
    return Object.assign(stream, { isTTY: tty, ...(tty ? { columns: 80 } : {}) }) as unknown as NodeJS.WriteStream;
  };
  return { stdout: open("stdout"), stderr: open("stderr"), env, written: texts };
}
