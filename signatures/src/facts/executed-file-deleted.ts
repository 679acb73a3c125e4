import { isSuccess, secondsBetween } from "../outcome.ts";
import { WRITER_FIELDS, writerFields } from "./executed-files.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";

export const EXECUTED_FILE_DELETED: FactDefinition = {
  name: "executed-file-deleted",
  meaning: "A file was deleted that had been run as a program or script earlier in this run.",
  fields: {
    TargetFilename: "The deleted file.",
    ExecutedAs: "`image` or `script`, by its last start.",
    ExecutedOrigin: "Where the file came from when it was started: `image`, `copied-up`, `upper`, ...",
    DeletedBySelf: "The process that ran it deleted it.",
    StillRunning: "The process that ran it had not ended.",
    SecondsSinceStart: "From its last start to the deletion.",
    WrittenInRun: "It had been made or written in this run.",
    ...WRITER_FIELDS,
    SecondsSinceWritten: "From the last write to the deletion, where it was written in this run.",
  },
  categories: ["file_delete"],
  open: () => ({
    observe: (event, world) => {
      if (event.category !== "file_delete" || !isSuccess(event.fields.Result)) return NO_MEASUREMENTS;
      const path = event.fields.TargetFilename;
      const start = world.lastExecution(path);
      if (start === undefined) return NO_MEASUREMENTS;
      const runner = world.process(start.process);
      const file = world.file(path);
      const isImage = start.fields.Image === path;
      return [
        {
          trigger: event,
          sources: [...(file === undefined ? [] : [file.written]), start, event],
          fields: {
            TargetFilename: path,
            ExecutedAs: isImage ? "image" : "script",
            ExecutedOrigin: isImage ? start.fields.ImageOrigin : start.fields.ScriptOrigin,
            DeletedBySelf: start.process !== null && start.process === event.process,
            StillRunning: runner !== undefined && !runner.ended && runner.start === start,
            SecondsSinceStart: secondsBetween(start, event),
            WrittenInRun: file !== undefined,
            ...(file === undefined ? {} : writerFields(file)),
            SecondsSinceWritten: file === undefined ? undefined : secondsBetween(file.written, event),
          },
        },
      ];
    },
  }),
};
