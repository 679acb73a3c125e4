import { expect, test } from "vitest";
import { readLines } from "./line-stream.ts";

async function linesOf(chunks: string[], longest = 10): Promise<string[]> {
  const lines: string[] = [];
  const bytes = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
  };
  for await (const line of readLines(bytes(), longest)) lines.push(line);
  return lines;
}

test("lines go across chunks, also within a character, and the last needs no end", async () => {
  expect(await linesOf(["a\nb", "c\n\n\xc3", "\xa9"])).toEqual(["a", "bc", "", "é"]);
});

test("a line without end takes no more memory than the bound", async () => {
  expect(await linesOf(["0123456789".repeat(3), "0123456789", "\nnext"])).toEqual(["0123456789", "next"]);
});
