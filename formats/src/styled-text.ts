import { printable } from "@airlock/contracts";
import stringWidth from "string-width";
import type { StyleName, Theme } from "./theme.ts";

/**
 * Text for a terminal as spans of meaning, laid out before any colour exists. Every span is made safe when it is made
 * and again when it is printed, so that no path leads from a sample's bytes to the terminal around `printable` (I5).
 */
export interface Span {
  readonly text: string;
  readonly style: StyleName | null;
}

export type Line = readonly Span[];

/** A span of text, hostile or not. `maxLength` bounds it in characters. */
export function span(text: string, style: StyleName | null = null, maxLength = 2000): Span {
  return { text: printable(text, maxLength), style };
}

/** Columns that the line takes on a terminal: wide characters count two, combining ones none. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, piece) => sum + textWidth(piece.text), 0);
}

/** Cuts the line to `width` columns, with an ellipsis where something was cut. */
export function truncateLine(line: Line, width: number): Line {
  if (lineWidth(line) <= width) return line;
  const cells = toCells(line);
  const kept: Cell[] = [];
  let used = 0;
  for (const cell of cells) {
    if (used + cell.width > width - 1) break;
    kept.push(cell);
    used += cell.width;
  }
  return fromCells(width < 1 ? [] : [...kept, { text: "…", width: 1, style: kept.at(-1)?.style ?? null }]);
}

/** Fills up with blanks to exactly `width` columns, cutting a longer line. */
export function padLine(line: Line, width: number): Line {
  const cut = truncateLine(line, width);
  const missing = width - lineWidth(cut);
  return missing > 0 ? [...cut, { text: " ".repeat(missing), style: null }] : cut;
}

/**
 * Breaks at blanks, and inside a word only when it alone is wider than a line. Following lines are indented by `indent`
 * columns. More than `maxLines` lines are cut with an ellipsis.
 */
export function wrapLine(line: Line, width: number, indent = 0, maxLines = 50): Line[] {
  const hanging: Line = indent > 0 ? [{ text: " ".repeat(indent), style: null }] : [];
  const lines: Line[] = [];
  let rest = toCells(line);
  while (rest.length > 0) {
    const first = lines.length === 0;
    const room = Math.max(4, first ? width : width - indent);
    if (lines.length === maxLines - 1) {
      const last = truncateLine(fromCells(rest), room);
      lines.push(first ? last : [...hanging, ...last]);
      break;
    }
    const taken = breakPoint(rest, room);
    const piece = fromCells(trimEnd(rest.slice(0, taken)));
    lines.push(first ? piece : [...hanging, ...piece]);
    rest = trimStart(rest.slice(taken));
  }
  return lines.length === 0 ? [[]] : lines;
}

/** The only way from lines to text. Each line ends in a newline; trailing blanks go. */
export function renderLines(lines: readonly Line[], theme: Theme): string {
  return lines.map((line) => `${renderLine(line, theme)}\n`).join("");
}

function renderLine(line: Line, theme: Theme): string {
  const last = line.findLastIndex((piece) => piece.text.trim() !== "");
  return line
    .slice(0, last + 1)
    .map((piece, index) => {
      const safe = printable(index === last ? piece.text.trimEnd() : piece.text, Number.MAX_SAFE_INTEGER);
      return piece.style === null || safe === "" ? safe : theme[piece.style](safe);
    })
    .join("");
}

interface Cell {
  readonly text: string;
  readonly width: number;
  readonly style: StyleName | null;
}

/** One cell a character as people see it: an emoji with its modifiers must not be cut in the middle. */
function toCells(line: Line): Cell[] {
  return line.flatMap(({ text, style }) =>
    ASCII.test(text)
      ? Array.from(text, (character) => ({ text: character, width: 1, style }))
      : Array.from(GRAPHEMES.segment(text), ({ segment }) => ({ text: segment, width: stringWidth(segment), style })),
  );
}

function fromCells(cells: readonly Cell[]): Line {
  const spans: { text: string; style: StyleName | null }[] = [];
  for (const cell of cells) {
    const last = spans.at(-1);
    if (last !== undefined && last.style === cell.style) last.text += cell.text;
    else spans.push({ text: cell.text, style: cell.style });
  }
  return spans;
}

/**
 * Number of cells of the next line: up to the last blank that fits, or as many as fit when that blank comes so early that
 * most of the line would stay empty (long addresses and paths). At least one.
 */
function breakPoint(cells: readonly Cell[], width: number): number {
  let used = 0;
  let lastBlank = 0;
  for (const [index, cell] of cells.entries()) {
    if (cell.text === " ") lastBlank = index;
    used += cell.width;
    if (used > width) return cell.text === " " ? index : lastBlank > index / 2 ? lastBlank : Math.max(1, index);
  }
  return cells.length;
}

function trimStart(cells: Cell[]): Cell[] {
  const first = cells.findIndex((cell) => cell.text !== " ");
  return first < 0 ? [] : cells.slice(first);
}

function trimEnd(cells: Cell[]): Cell[] {
  return cells.slice(0, cells.findLastIndex((cell) => cell.text !== " ") + 1);
}

const ASCII = /^[\u0020-\u007e]*$/;
const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

function textWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}
