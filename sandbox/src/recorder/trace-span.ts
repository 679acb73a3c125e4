/** Bytes that are no record. Stays inside of the decoder, which counts it. */
export class MalformedRecord extends Error {}

/** A part of a buffer. */
export interface Span {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

export function textUntilNul({ bytes, from, to }: Span): string {
  const end = bytes.indexOf(0, from);
  return bytes.toString("utf8", from, end === -1 || end > to ? to : end);
}
