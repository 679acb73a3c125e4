const TEXT_ENCODINGS = ["utf16", "utf16le", "utf16be", "wide"] as const;
export type TextEncoding = (typeof TEXT_ENCODINGS)[number];

export function isTextEncoding(name: string): name is TextEncoding {
  return (TEXT_ENCODINGS as readonly string[]).includes(name);
}

/** Bytes of a text: UTF-8, or UTF-16 little endian (`utf16le`, `wide`), big endian, or little endian with a mark (`utf16`). */
export function encodeText(text: string, encoding: TextEncoding | undefined): Buffer {
  if (encoding === undefined) return Buffer.from(text, "utf8");
  const little = Buffer.from(text, "utf16le");
  switch (encoding) {
    case "utf16le":
    case "wide":
      return little;
    case "utf16be":
      return little.swap16();
    case "utf16":
      return Buffer.concat([Buffer.from([0xff, 0xfe]), little]);
    default:
      return encoding satisfies never;
  }
}

/** What these bytes look like inside base64 at each of the three alignments, without the characters their neighbours change. */
export function base64Offsets(bytes: Buffer): string[] {
  const start = [0, 2, 3];
  const end = [0, -3, -2];
  return start.map((from, shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift, 0x20), bytes]).toString("base64");
    const cut = end[(bytes.length + shift) % 3] ?? 0;
    return encoded.slice(from, cut === 0 ? undefined : cut);
  });
}

const DASHES = ["-", "/", "\u2013", "\u2014", "\u2015"];
const SWITCH = /(?<=^|\W)[-/\u2013\u2014\u2015](?=\w)/;
/** Five to the power of this are 625 forms of one value. */
const MAX_SWITCHES = 4;

/**
 * Every way to write a value's switches with the dashes that shells and tools take for one, each switch by itself; null
 * for more switches than a rule may ask for.
 */
export function windashForms(value: string): string[] | null {
  const pieces = value.split(SWITCH);
  if (pieces.length - 1 > MAX_SWITCHES) return null;
  const [first = "", ...others] = pieces;
  return others.reduce<string[]>(
    (forms, piece) => forms.flatMap((form) => DASHES.map((dash) => form + dash + piece)),
    [first],
  );
}
