import type { EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { secondsBetween } from "../outcome.ts";
import type { World } from "../world.ts";
import { type FactDefinition, type Measurement, NO_MEASUREMENTS } from "./fact.ts";

const MAX_READERS = 4_096;

type Start = EventOf<"process_creation">;

export const PIPE_FROM_NETWORK: FactDefinition = {
  name: "pipe-from-network",
  meaning: "A process was started whose standard input is a pipe from a process that connected to the outside.",
  fields: {
    WriterImage: "Image of the process at the other end.",
    WriterCommandLine: "Its command line.",
    DestinationHostname: "Name that it connected to, where known.",
    DestinationIp: "Address that it connected to.",
    DestinationPort: "Port that it connected to.",
    SecondsBetween: "From the writer's start to the reader's, or back.",
  },
  categories: ["process_creation", "network_connection"],
  open: () => {
    // Both ends start at the same moment, so the reader mostly waits before its writer connects.
    const readers = new BoundedMap<string, { reader: Start; from: string }>(MAX_READERS);
    return {
      forgotten: () => readers.evicted,
      observe: (event, world) => {
        if (event.category === "process_creation") {
          const { StdinFromImage: from } = event.fields;
          if (from === undefined || event.process === null) return NO_MEASUREMENTS;
          readers.set(event.process, { reader: event, from });
          return findWriters(event, from, world).flatMap((writer) => measure(event, writer, world, event));
        }
        const writer = world.process(event.process)?.start;
        if (writer === undefined || world.process(event.process)?.connection !== event) return NO_MEASUREMENTS;
        return [...readers.values()]
          .filter(({ reader, from }) => isWriterOf(writer, reader, from))
          .flatMap(({ reader }) => measure(reader, writer, world, event));
      },
    };
  },
};

/** A pipe's end is recorded by image; among processes of that image only a sibling or a nephew is in the same pipeline. */
function isWriterOf(writer: Start, reader: Start, from: string): boolean {
  if (writer.fields.Image !== from || writer.process === reader.process) return false;
  return (
    writer.fields.ParentProcessId === reader.fields.ParentProcessId ||
    writer.fields.ParentCommandLine === reader.fields.ParentCommandLine ||
    writer.fields.StdoutToImage === reader.fields.Image
  );
}

function findWriters(reader: Start, from: string, world: World): Start[] {
  const found: Start[] = [];
  for (const { start, connection } of world.processes()) {
    if (start !== undefined && connection !== undefined && isWriterOf(start, reader, from)) found.push(start);
  }
  return found.slice(-1);
}

function measure(reader: Start, writer: Start, world: World, trigger: Measurement["trigger"]): Measurement[] {
  const connection = world.process(writer.process)?.connection;
  if (connection === undefined) return [];
  const { DestinationHostname, DestinationIp, DestinationPort } = connection.fields;
  return [
    {
      // The reader is the actor, whichever came last.
      trigger: { ...reader, time: trigger.time },
      sources: [writer, connection, reader],
      fields: {
        WriterImage: writer.fields.Image,
        WriterCommandLine: writer.fields.CommandLine,
        DestinationHostname,
        DestinationIp,
        DestinationPort,
        SecondsBetween: Math.max(secondsBetween(writer, reader), secondsBetween(reader, writer)),
      },
    },
  ];
}
