import { secondsBetween } from "../outcome.ts";
import { scriptsOf, WRITER_FIELDS, writerFields, writtenAndExecuted } from "./executed-files.ts";
import { type FactDefinition, type Measurement, NO_MEASUREMENTS } from "./fact.ts";

export const DOWNLOADED_THEN_EXECUTED: FactDefinition = {
  name: "downloaded-then-executed",
  meaning:
    "A program or script was started whose file was written by a process that had connected to the outside, or by one that had read such a file (a copy, an unpacked archive, a decoded text).",
  fields: {
    TargetFilename: "The executed file.",
    ExecutedAs: "`image` or `script`.",
    FileOrigin: "Where the file came from when it was first written.",
    Hops: "0 when the writer itself had connected; one more for each copy or unpacking since.",
    DownloaderImage: "Image of the process that had connected.",
    DownloaderCommandLine: "Its command line.",
    DownloaderAncestors: "Images of its ancestors, nearest first.",
    DownloaderScripts: "The script that it was started with and those of its ancestors, nearest first.",
    ...WRITER_FIELDS,
    DestinationHostname: "Name that the downloader had connected to, where known.",
    DestinationIp: "Address that it had connected to.",
    DestinationPort: "Port that it had connected to.",
    SecondsBetween: "From the last write to the start.",
  },
  categories: ["process_creation"],
  open: () => ({
    observe: (event, world) => {
      if (event.category !== "process_creation") return NO_MEASUREMENTS;
      return writtenAndExecuted(event, world).flatMap(({ file, as }): Measurement[] => {
        const download = world.downloadOf(file);
        if (download === null) return [];
        const { connection, downloader, hops } = download;
        const start = downloader.start?.fields;
        return [
          {
            trigger: event,
            sources: [connection, file.written, event],
            fields: {
              TargetFilename: file.path,
              ExecutedAs: as,
              FileOrigin: file.origin,
              Hops: hops,
              DownloaderImage: start?.Image ?? connection.fields.Image,
              DownloaderCommandLine: start?.CommandLine,
              DownloaderAncestors: start?.Ancestors,
              DownloaderScripts: scriptsOf(downloader),
              ...writerFields(file),
              DestinationHostname: connection.fields.DestinationHostname,
              DestinationIp: connection.fields.DestinationIp,
              DestinationPort: connection.fields.DestinationPort,
              SecondsBetween: secondsBetween(file.written, event),
            },
          },
        ];
      });
    },
  }),
};
