import { type Accessor, readField, type Subject } from "./subject.ts";
import { recordReader } from "./taxonomy/audit-fields.ts";
import { CONTEXT_FIELDS } from "./taxonomy/fields.ts";
import { writersOf } from "./world.ts";

/** Reads a field of the event itself, and for context fields of its process when the event has none. */
export function accessorOf(field: string): Accessor {
  const record = recordReader(field);
  if (record !== null) return record;
  if (!CONTEXT_FIELDS.has(field)) return ({ event }) => readField(event.fields, field);
  if (field === "ImageWriters") return ({ process }) => process?.programWriters;
  if (field === "FileWriters") return ({ file }) => (file === undefined ? undefined : writersOf(file));
  return ({ event, process }: Subject) => readField(event.fields, field) ?? readField(process?.start?.fields, field);
}
