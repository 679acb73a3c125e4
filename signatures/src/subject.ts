import type { BehaviourEvent } from "@airlock/contracts";
import type { ProcessState, WrittenFile } from "./world.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An event under judgement, and the start of the program that its process runs. */
export interface Subject {
  event: BehaviourEvent;
  /** Its process, with the latest `process_creation` of it or of the one that it was forked from. */
  process: ProcessState | undefined;
  /** The file that the event is on, when it was made or written in this run. */
  file: WrittenFile | undefined;
}

export type Accessor = (subject: Subject) => unknown;

/** A rule's field name may be anything, `constructor` too. */
export function readField(fields: Fields | undefined, field: string): unknown {
  if (fields === undefined) return undefined;
  const value = fields[field];
  return typeof value === "function" ? undefined : value;
}

/**
 * Every text of the event itself, for keywords. Of a written file it is the content alone: keyword rules there
 * look for log lines, which a path is not.
 */
export function textsOf(event: BehaviourEvent): string[] {
  if (event.category === "file_event") return event.fields.Content === undefined ? [] : [event.fields.Content];
  const texts: string[] = [];
  for (const value of Object.values(event.fields)) {
    if (typeof value === "string") texts.push(value);
    else if (Array.isArray(value)) texts.push(...value.filter((entry): entry is string => typeof entry === "string"));
    else if (typeof value === "number" || typeof value === "boolean") texts.push(String(value));
  }
  return texts;
}
