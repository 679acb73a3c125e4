import { secondsBetween } from "../outcome.ts";
import { WRITER_FIELDS, writerFields, writtenAndExecuted } from "./executed-files.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";

export const FILE_DROPPED_THEN_EXECUTED: FactDefinition = {
  name: "file-dropped-then-executed",
  meaning: "A program or script was started whose file had been made, written or renamed earlier in this run.",
  fields: {
    TargetFilename: "The executed file.",
    ExecutedAs: "`image` or `script`.",
    FileOrigin:
      "Where the file came from when it was first written: `copied-up` is a file of the image, `upper` is new.",
    ContentChanged:
      "Of a program of the image: false when it holds what the image's file holds after all, as after `touch`.",
    ContentType: "Kind of content by its first bytes, where recorded.",
    ...WRITER_FIELDS,
    WriterIsSelf: "The started process itself wrote it.",
    WriterConnected: "The writer had connected to the outside by then.",
    Downloaded: "Its bytes came over the network, directly or by copies: then `downloaded-then-executed` is there too.",
    SecondsBetween: "From the last write to the start.",
  },
  categories: ["process_creation"],
  open: () => ({
    observe: (event, world) => {
      if (event.category !== "process_creation") return NO_MEASUREMENTS;
      return writtenAndExecuted(event, world).map(({ file, as }) => ({
        trigger: event,
        sources: [file.written, ...(file.writer?.connection === undefined ? [] : [file.writer.connection]), event],
        fields: {
          TargetFilename: file.path,
          ExecutedAs: as,
          FileOrigin: file.origin,
          ContentChanged: as === "image" ? event.fields.ImageContentChanged : undefined,
          ContentType: file.written.category === "file_event" ? file.written.fields.ContentType : undefined,
          ...writerFields(file),
          WriterIsSelf: file.writer !== undefined && file.writer.key === event.process,
          WriterConnected: file.writer?.connection !== undefined,
          Downloaded: world.downloadOf(file) !== null,
          SecondsBetween: secondsBetween(file.written, event),
        },
      }));
    },
  }),
};
