import { posix } from "node:path";
import type { ExecRecord } from "./exec-record.ts";
import { joinPath } from "./sample-path.ts";

/** How one family of interpreters reads its command line. */
interface Interpreter {
  /** Base names, version suffixes (`python3.11`) apart. */
  readonly names: readonly string[];
  /** Options after which the program is given inline, or read from elsewhere: then there is no script. */
  readonly inline: readonly string[];
  /** Options that take the next word. */
  readonly takesValue: readonly string[];
}

const INTERPRETERS: readonly Interpreter[] = [
  {
    names: ["sh", "ash", "bash", "dash", "zsh", "ksh", "mksh", "fish", "rbash"],
    inline: ["-c", "-s"],
    takesValue: ["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
  },
  { names: ["python", "pypy"], inline: ["-c", "-m"], takesValue: ["-W", "-X", "--check-hash-based-pycs"] },
  { names: ["perl"], inline: ["-e", "-E"], takesValue: ["-I"] },
  {
    names: ["node", "nodejs", "bun", "deno"],
    inline: ["-e", "-p", "--eval", "--print", "-pe"],
    takesValue: ["-r", "--require", "--import", "--loader", "-C", "--conditions"],
  },
  { names: ["ruby", "jruby"], inline: ["-e"], takesValue: ["-r", "-I", "-C", "-E"] },
  { names: ["php", "php-cgi"], inline: ["-r"], takesValue: ["-d", "-c", "-z"] },
  { names: ["lua", "luajit"], inline: ["-e"], takesValue: ["-l"] },
  { names: ["awk", "gawk", "mawk"], inline: [], takesValue: [] },
  { names: ["tclsh", "expect", "wish"], inline: ["-c"], takesValue: [] },
];

/** Options whose value is the script itself. */
const SCRIPT_OPTIONS: ReadonlySet<string> = new Set(["-f", "--file"]);

/**
 * The script that an exec runs: what the kernel's `#!` handling names, else an interpreter's first argument that is no option.
 * Undefined for a program given inline or on standard input.
 */
export function findScript(exec: ExecRecord): string | undefined {
  if (exec.interpreter !== null && exec.filename !== "") return joinPath(exec.cwd, exec.filename);
  const words = interpreterWords(exec);
  const interpreter = words === undefined ? undefined : INTERPRETERS.find(({ names }) => names.includes(words.name));
  if (words === undefined || interpreter === undefined) return undefined;
  const argument = scriptArgument(words.rest, interpreter);
  return argument === undefined ? undefined : joinPath(exec.cwd, argument);
}

/** The interpreter's name without version, and its arguments. busybox and env are looked through. */
function interpreterWords(exec: ExecRecord): { name: string; rest: readonly string[] } | undefined {
  const image = posix.basename(exec.file.path || exec.filename);
  const [zeroth = "", ...rest] = exec.argv;
  if (image === "busybox" || image === "toybox") {
    const applet = posix.basename(zeroth);
    if (applet !== image) return { name: bareName(applet), rest };
    const [first, ...others] = rest;
    return first === undefined ? undefined : { name: bareName(first), rest: others };
  }
  return { name: bareName(image), rest };
}

function bareName(name: string): string {
  return name.replace(/^-/, "").replace(/[-.\d]+$/, "");
}

function scriptArgument(words: readonly string[], interpreter: Interpreter): string | undefined {
  // awk's first argument is its program; only -f names a file.
  const needsOption = interpreter.names.includes("awk");
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (SCRIPT_OPTIONS.has(word) && !isShell(interpreter)) return words[index + 1];
    if (word === "--") return needsOption ? undefined : words[index + 1];
    if (!word.startsWith("-") && !word.startsWith("+")) return needsOption || word === "" ? undefined : word;
    if (word === "-" || isInline(word, interpreter)) return undefined;
    if (interpreter.takesValue.includes(word)) index += 1;
  }
  return undefined;
}

/** `-c` alone or in a cluster such as `-xec`; long options only whole. */
function isInline(word: string, interpreter: Interpreter): boolean {
  if (interpreter.inline.includes(word)) return true;
  if (word.startsWith("--") || !isShell(interpreter)) return false;
  return word.startsWith("-") && /[cs]/.test(word);
}

function isShell(interpreter: Interpreter): boolean {
  return interpreter.names.includes("sh");
}
