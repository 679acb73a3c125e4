import { type Line, lineWidth, padLine, type Span, span, truncateLine } from "../styled-text.ts";
import type { StyleName } from "../theme.ts";

/** `── Title (3) ───────` over the whole width. */
export function drawHeading(title: string, width: number): Line {
  const head: Line = [span("── ", "muted"), span(title, "heading"), span(" ", null)];
  return truncateLine([...head, span("─".repeat(Math.max(0, width - lineWidth(head))), "muted")], width);
}

/** A box with a title in its upper edge around lines that are already at most `width - 4` columns wide. */
export function drawBox(title: Line, lines: readonly Line[], width: number, style: StyleName = "muted"): Line[] {
  const left: Line = [span("╭─ ", style), ...title, span(" ", null)];
  const head = truncateLine(left, width - 1);
  return [
    [...head, span("─".repeat(Math.max(0, width - 1 - lineWidth(head))), style), span("╮", style)],
    ...lines.map((line): Line => [span("│ ", style), ...padLine(line, width - 4), span(" │", style)]),
    [span(`╰${"─".repeat(Math.max(0, width - 2))}╯`, style)],
  ];
}

/** A row of a table: `grow` columns share what the others leave. */
export interface Column {
  readonly align?: "left" | "right";
  readonly grow?: boolean;
  readonly style?: StyleName;
  /** Widest this column may get when it doesn't grow. */
  readonly max?: number;
}

/** Lines up cells in columns two blanks apart, within `width`, without a head: the section's title says what they are. */
export function drawColumns(rows: readonly (readonly string[])[], columns: readonly Column[], width: number): Line[] {
  const cells = rows.map((row) => columns.map((column, index) => [span(row[index] ?? "", column.style ?? null)]));
  const widths = measureColumns(cells, columns, width);
  return cells.map((row) => {
    const pieces: Span[] = [];
    for (const [index, cell] of row.entries()) {
      if (widths[index] === 0) continue;
      if (pieces.length > 0) pieces.push(span("  "));
      pieces.push(...alignCell(cell, widths[index] ?? 0, columns[index]?.align ?? "left"));
    }
    return truncateLine(pieces, width);
  });
}

function measureColumns(cells: readonly Line[][], columns: readonly Column[], width: number): number[] {
  const natural = columns.map((column, index) =>
    Math.min(column.max ?? Number.MAX_SAFE_INTEGER, Math.max(0, ...cells.map((row) => lineWidth(row[index] ?? [])))),
  );
  const gaps = 2 * Math.max(0, natural.filter((value) => value > 0).length - 1);
  const fixed = natural.reduce((sum, value, index) => (columns[index]?.grow === true ? sum : sum + value), 0);
  const growing = natural.filter((value, index) => columns[index]?.grow === true && value > 0).length;
  let room = Math.max(8 * growing, width - gaps - fixed);
  let sharing = growing;
  return natural.map((value, index) => {
    if (columns[index]?.grow !== true || value === 0) return value;
    const share = Math.min(value, sharing === 1 ? room : Math.max(8, Math.floor(room / sharing)));
    room -= share;
    sharing -= 1;
    return share;
  });
}

function alignCell(cell: Line, width: number, align: "left" | "right"): Line {
  const missing = width - lineWidth(cell);
  return align === "right" && missing > 0 ? [span(" ".repeat(missing)), ...cell] : padLine(cell, width);
}
