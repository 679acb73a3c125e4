import { Fault } from "@airlock/contracts/fault";

const SHORTEST_MS = 1000;
const LONGEST_MS = 60 * 60 * 1000;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of `30s`, `1500ms`, `2m`, `1m30s`; a bare number is seconds. Throws USAGE for anything else and for
 * what is shorter than one second or longer than an hour.
 */
export function parseDuration(text: string): number {
  const parts = /^\d+(\.\d+)?$/.test(text) ? [[text, "s"]] : splitUnits(text);
  const ms = parts.reduce((sum, [value, unit]) => sum + Number(value) * (UNITS[unit ?? ""] ?? Number.NaN), 0);
  if (parts.length === 0 || !Number.isFinite(ms)) {
    throw new Fault("USAGE", `"${text}" is not a duration`, { hint: "write it as 30s, 1500ms, 2m or 1m30s" });
  }
  if (ms < SHORTEST_MS || ms > LONGEST_MS) {
    throw new Fault("USAGE", `a duration of ${text} is out of range`, { hint: "from 1s to 1h" });
  }
  return Math.round(ms);
}

function splitUnits(text: string): string[][] {
  if (text.length > 40 || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return [];
  return Array.from(text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g), ([, value, unit]) => [value ?? "", unit ?? ""]);
}
