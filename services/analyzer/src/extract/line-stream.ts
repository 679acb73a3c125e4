import { StringDecoder } from "node:string_decoder";

/** A line, or the head of one that is longer than the bound. */
export interface Line {
  readonly text: string;
  readonly cut: boolean;
}

/** Splits bytes into lines without ever holding more than one of at most `longest` characters. The last needs no newline. */
export async function* readLines(chunks: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Line> {
  const decoder = new StringDecoder("utf8");
  let held = "";
  let cut = false;
  for await (const chunk of chunks) {
    const pieces = (held + decoder.write(chunk)).split("\n");
    held = pieces.pop() ?? "";
    for (const piece of pieces) {
      yield { text: piece.slice(0, longest), cut: cut || piece.length > longest };
      cut = false;
    }
    if (held.length > longest) {
      held = held.slice(0, longest);
      cut = true;
    }
  }
  held += decoder.end();
  if (held !== "") yield { text: held, cut };
}
