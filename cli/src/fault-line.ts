import type { Fault } from "@airlock/contracts/fault";
import { printable } from "@airlock/contracts/printable";

/** The one line in which every failure of ours ends: `airlock: <message> (<hint>) [CODE]`. Names in it can be hostile. */
export function formatFaultLine(fault: Fault): string {
  const message = joinLines(fault.message);
  const hint = fault.hint === undefined ? "" : ` (${joinLines(fault.hint)})`;
  return `airlock: ${printable(message, 1000)}${printable(hint, 500)} [${fault.code}]\n`;
}

function joinLines(text: string): string {
  return text.replace(/\s*\n\s*/g, "; ").replace(/[.;\s]+$/, "");
}

/** For who asked with AIRLOCK_DEBUG=1: where it came from. */
export function formatFaultTrace(fault: Fault): string {
  const lines: string[] = [];
  for (let cause: unknown = fault; cause instanceof Error && lines.length < 200; cause = cause.cause) {
    lines.push(...(cause.stack ?? cause.message).split("\n"));
  }
  return lines.map((line) => `  ${printable(line)}\n`).join("");
}
