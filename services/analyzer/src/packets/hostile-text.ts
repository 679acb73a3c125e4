import { printable } from "@airlock/contracts";

/** Bytes of the sample as bounded printable text: UTF-8 with what is invalid replaced, control characters as escapes. */
export function toText(bytes: Uint8Array, maxBytes: number): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, maxBytes));
  return toBoundedText(view.toString("utf8"), maxBytes);
}

/** The same for text that a library decoded. A cut is silent here: such bounds lie far above any honest value. */
export function toBoundedText(text: string, maxLength: number): string {
  return printable(text.length > maxLength ? text.slice(0, maxLength) : text, maxLength);
}
