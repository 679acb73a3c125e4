import type { Recording } from "@airlock/contracts";
import type { EventLog } from "./event-log.ts";

/** Lines that are events of their own; what follows comes in pieces of several lines, so nothing kept is lost. */
const MOST_LINES = 5_000;
const LONGEST_MESSAGE = 8_192;

/** The engine keeps no time per line in what it hands over, so all lines carry the end of the run. */
export function addOutputEvents(output: Recording["output"], log: EventLog, time: bigint): void {
  for (const Stream of ["stdout", "stderr"] as const) {
    for (const Message of splitOutput(output[Stream].text)) {
      log.add<"output">({ time, category: "output", process: null, fields: { Stream, Message } });
    }
  }
}

function* splitOutput(text: string): Generator<string> {
  let from = 0;
  for (let lines = 0; from < text.length; lines += 1) {
    const end = lines < MOST_LINES ? text.indexOf("\n", from) : text.length;
    const to = Math.min(end === -1 ? text.length : end, from + LONGEST_MESSAGE);
    const message = text.slice(from, to).replace(/\r$/, "");
    if (message.trim() !== "") yield message;
    from = text[to] === "\n" ? to + 1 : to;
  }
}
