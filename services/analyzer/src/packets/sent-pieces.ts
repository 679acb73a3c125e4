import { blankLead } from "./blank-lead.ts";
import type { Flow } from "./flow-table.ts";

export interface Piece {
  readonly offset: number;
  readonly data: Uint8Array;
}

export interface PieceLimits {
  readonly headBytes: number;
  readonly overlapBytes: number;
}

/** What is shown of a flow's bytes as its beginning: blanks before a text push nothing out of sight. */
export function headOf(content: Buffer, headBytes: number): Buffer {
  const start = blankLead(content);
  return content.subarray(start, start + headBytes);
}

/**
 * Cuts what the sample sent beyond the head into pieces, all that is kept of it: whoever pads what is judged would else stay
 * unseen. Left out are the bytes that the reader of the flow's protocol explained, and a piece equal to the one before.
 */
export function* cutSent(flow: Flow, { headBytes, overlapBytes }: PieceLimits): Generator<Piece, void> {
  const { content } = flow.forward;
  const overlap = Math.min(overlapBytes, headBytes >> 1);
  // The head of DNS is not shown: its messages are.
  const shown = flow.application === "dns" ? 0 : blankLead(content) + headBytes;
  const from = shown === 0 ? 0 : shown - overlap;
  const hidden = flow.explained ?? { start: content.length, end: content.length };
  if (content.length <= shown) return;
  let last: Buffer | null = null;
  for (const range of [
    { start: from, end: Math.min(hidden.start, content.length) },
    { start: Math.max(from, hidden.end), end: content.length },
  ]) {
    for (let start = range.start; start < range.end; start += headBytes - overlap) {
      const offset = Math.max(range.start, characterStart(content, start));
      const data: Buffer = content.subarray(offset, Math.min(start + headBytes, range.end));
      if (last === null || !last.equals(data)) yield { offset, data: new Uint8Array(data) };
      last = data;
      if (start + headBytes >= range.end) break;
    }
  }
}

/** Not within a character of UTF-8, or the whole piece would be taken for binary. */
function characterStart(content: Buffer, offset: number): number {
  let start = offset;
  while (start > 0 && offset - start < 3 && ((content[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
