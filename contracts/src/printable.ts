/**
 * Makes hostile text safe to show on one line anywhere: control characters (C0, DEL, C1), bidi and zero-width
 * characters and lone surrogates become visible escapes (`\x1b`, `\u202e`), so that no terminal or page acts on them (I5).
 */
export function printable(text: string, maxLength = 4096): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…(${text.length} characters)` : text;
  return cut.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    if (code === 0x0a) return "\\n";
    if (code === 0x0d) return "\\r";
    if (code === 0x09) return "\\t";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
