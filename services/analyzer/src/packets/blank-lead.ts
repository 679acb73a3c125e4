/**
 * How many blank bytes (CR, LF, SP, TAB) stand before a text. Servers pass over empty lines before a request (RFC 9112 2.2)
 * and most line protocols take them for nothing, so a sample could push what it says out of sight with them. None before
 * binary data, where such bytes may be a length or, as in the header of a proxy, a mark.
 */
export function blankLead(bytes: Buffer, start = 0): number {
  let end = start;
  while (isBlank(bytes[end])) end++;
  const next = bytes[end] ?? 0;
  return next > 0x20 && next < 0x7f ? end - start : 0;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x0d || byte === 0x0a || byte === 0x20 || byte === 0x09;
}
