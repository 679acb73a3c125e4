import { readFile } from "node:fs/promises";
import { BehaviourEvent, Fault } from "@airlock/contracts";

/** Reads events, one a line, as packs' traces and stored runs hold them. RUN_INVALID names file and line. */
export async function readTrace(file: string): Promise<BehaviourEvent[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.flatMap((line, index) => (line.trim() === "" ? [] : [parseLine(line, `${file}:${index + 1}`)]));
}

function parseLine(line: string, place: string): BehaviourEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Fault("RUN_INVALID", `${place}: no JSON`, { cause: error });
  }
  const parsed = BehaviourEvent.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Fault("RUN_INVALID", `${place}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "no event"}`);
}
