import { StringDecoder } from "node:string_decoder";

/** Splits bytes into lines, each cut to `longest` characters, without ever holding more. The last needs no newline. */
export async function* readLines(chunks: AsyncIterable<Buffer>, longest: number): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let held = "";
  for await (const chunk of chunks) {
    const pieces = (held + decoder.write(chunk)).split("\n");
    held = (pieces.pop() ?? "").slice(0, longest);
    for (const piece of pieces) yield piece.slice(0, longest);
  }
  held += decoder.end();
  if (held !== "") yield held;
}
