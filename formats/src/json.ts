import type { Report } from "@airlock/contracts";

/** Maps whose key order is an accident of the run; everything else keeps the schema's order. */
const MAPS: ReadonlySet<string> = new Set(["syscalls", "classes", "timings", "omitted", "labels"]);

/**
 * The report document itself, indented, ending in a newline. Characters that a terminal or an editor might act on are
 * written as `\uXXXX`: the same document to every JSON parser, and harmless under `cat`.
 */
export function renderJson(report: Report): string {
  return `${escapeUnsafe(JSON.stringify(report, sortMaps, 2))}\n`;
}

function sortMaps(key: string, value: unknown): unknown {
  if (!MAPS.has(key) || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Escapes what JSON.stringify leaves: DEL, C1, bidi, zero-width and line separators. Only ever inside strings. */
export function escapeUnsafe(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
