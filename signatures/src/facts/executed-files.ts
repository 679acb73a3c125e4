import type { EventOf } from "@airlock/contracts";
import type { ProcessState, World, WrittenFile } from "../world.ts";

/** Paths that a program start runs: the image, and the script that it interprets. */
export function executedPaths(event: EventOf<"process_creation">): { path: string; as: "image" | "script" }[] {
  const { Image, Script } = event.fields;
  return [
    ...(Image === undefined ? [] : [{ path: Image, as: "image" as const }]),
    ...(Script === undefined || Script === Image ? [] : [{ path: Script, as: "script" as const }]),
  ];
}

/** What a program start runs that was made or written in this run. */
export function writtenAndExecuted(
  event: EventOf<"process_creation">,
  world: World,
): { file: WrittenFile; as: "image" | "script" }[] {
  return executedPaths(event).flatMap(({ path, as }) => {
    const file = world.file(path);
    return file === undefined || file.deleted ? [] : [{ file, as }];
  });
}

/** Who wrote a file, in the fields that several facts share. */
export function writerFields(file: WrittenFile): Record<string, string | readonly string[] | undefined> {
  const start = file.writer?.start?.fields;
  return {
    WriterImage: start?.Image ?? file.written.fields.Image,
    WriterCommandLine: start?.CommandLine,
    WriterParentImage: start?.ParentImage,
    WriterAncestors: start?.Ancestors,
    WriterScripts: scriptsOf(file.writer),
  };
}

/** Scripts that a process and its ancestors were started with, nearest first. */
export function scriptsOf(process: ProcessState | undefined): readonly string[] | undefined {
  const start = process?.start?.fields;
  const scripts = [...(start?.Script === undefined ? [] : [start.Script]), ...(start?.AncestorScripts ?? [])];
  return scripts.length === 0 ? undefined : scripts;
}

export const WRITER_FIELDS = {
  WriterImage: "Image of the process that last wrote the file.",
  WriterCommandLine: "Its command line.",
  WriterParentImage: "Its parent's image.",
  WriterAncestors: "Images of its ancestors, nearest first.",
  WriterScripts: "The script that it was started with and those of its ancestors, nearest first.",
} as const;
