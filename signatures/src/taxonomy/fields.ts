import { BehaviourEvent, type EventCategory } from "@airlock/contracts";

/**
 * Fields that any event can be asked for: where it has none of its own, the latest program start of its process
 * answers, so that a rule on files can ask for the command line of who touched them.
 */
export const CONTEXT_FIELDS: ReadonlySet<string> = new Set([
  "Ancestors",
  "AncestorScripts",
  "CommandLine",
  "Comm",
  "CurrentDirectory",
  "Environment",
  "FileWriters",
  "Image",
  "ImageContentChanged",
  "ImageOrigin",
  "ImageWriters",
  "IsEntrypoint",
  "ParentCommandLine",
  "ParentImage",
  "ParentProcessId",
  "Script",
  "ScriptOrigin",
  "ScriptSha256",
  "Sha256",
  "StdinFromImage",
  "StdinKind",
  "StdoutKind",
  "StdoutToImage",
  "StderrKind",
  "User",
]);

/** Fields that the schema gives events of one category, context not counted. */
export function ownFields(category: EventCategory): readonly string[] {
  const option = BehaviourEvent.options.find((entry) => entry.shape.category.value === category);
  return option === undefined ? [] : Object.keys(option.shape.fields.shape);
}
