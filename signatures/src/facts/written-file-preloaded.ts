import { secondsBetween } from "../outcome.ts";
import { WRITER_FIELDS, writerFields } from "./executed-files.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";

/** Variables that make a program load code from a path before its own. */
const LOADING_VARIABLE =
  /^(LD_PRELOAD|LD_AUDIT|BASH_ENV|ENV|NODE_OPTIONS|PYTHONSTARTUP|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|GCONV_PATH)=(.*)$/s;

export const WRITTEN_FILE_PRELOADED: FactDefinition = {
  name: "written-file-preloaded",
  meaning: "A program was started with a variable that makes it load a file which was made or written in this run.",
  fields: {
    Variable: "Name of the variable, such as `LD_PRELOAD`.",
    TargetFilename: "The file.",
    FileOrigin: "Where the file came from when it was first written.",
    ...WRITER_FIELDS,
    SecondsBetween: "From the last write to the start.",
  },
  categories: ["process_creation"],
  open: () => ({
    observe: (event, world) => {
      if (event.category !== "process_creation") return NO_MEASUREMENTS;
      return (event.fields.Environment ?? []).flatMap((entry) => {
        const [, variable, value = ""] = LOADING_VARIABLE.exec(entry) ?? [];
        if (variable === undefined) return [];
        return pathsIn(value).flatMap((path) => {
          const file = world.file(path);
          if (file === undefined || file.deleted) return [];
          return [
            {
              trigger: event,
              sources: [file.written, event],
              fields: {
                Variable: variable,
                TargetFilename: path,
                FileOrigin: file.origin,
                ...writerFields(file),
                SecondsBetween: secondsBetween(file.written, event),
              },
            },
          ];
        });
      });
    },
  }),
};

/** Absolute paths in a list or in options such as `-javaagent:/x.jar=a` and `--require=/x.js`. */
function pathsIn(value: string): string[] {
  return [...new Set(value.split(/[\s:=,]+/).filter((word) => word.startsWith("/")))];
}
