import type { EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { millisecondsOf, secondsBetween } from "../outcome.ts";
import { type FactDefinition, type Measurement, NO_MEASUREMENTS } from "./fact.ts";

/** As many processes as the world remembers. */
const MAX_ENDS = 65_536;
const MAX_PAIRS = 8_192;
/** Programs of one pipeline start at the same moment; how many neighbours in time are looked at for the right one. */
const NEIGHBOURS = 8;

type Start = EventOf<"process_creation">;
type Connection = EventOf<"network_connection">;

/** Pipes between the same two images, each side in order of time. */
interface Pair {
  readonly writers: Start[];
  readonly readers: Start[];
}

export const PIPE_FROM_NETWORK: FactDefinition = {
  name: "pipe-from-network",
  meaning: "A process was started whose standard input is a pipe from a process that connected to the outside.",
  fields: {
    ReaderCommandLine: "Command line at that start; the process may have started another program since.",
    ReaderScript: "The script that it was started with, if any.",
    WriterImage: "Image of the process at the other end.",
    WriterCommandLine: "Its command line.",
    DestinationHostname: "Name that it connected to, where known.",
    DestinationIp: "Address that it connected to.",
    DestinationPort: "Port that it connected to.",
    SecondsBetween: "From the writer's start to the reader's, or back.",
  },
  categories: ["process_creation", "network_connection"],
  open: () => {
    const pairs = new BoundedMap<string, Pair>(MAX_PAIRS);
    const connections = new BoundedMap<string, Connection>(MAX_ENDS);
    let ends = 0;
    let refused = 0;
    const add = (start: Start, writer: string | undefined, reader: string | undefined, side: keyof Pair): void => {
      if (writer === undefined || reader === undefined) return;
      if (ends >= MAX_ENDS) {
        refused++;
        return;
      }
      ends++;
      pairs.ensure(`${writer}\0${reader}`, () => ({ writers: [], readers: [] }))[side].push(start);
    };
    return {
      forgotten: () => pairs.evicted + connections.evicted + refused,
      observe: (event, world) => {
        if (event.category === "process_creation") {
          const { Image, StdinFromImage, StdoutToImage } = event.fields;
          add(event, Image, StdoutToImage, "writers");
          add(event, StdinFromImage, Image, "readers");
        } else if (event.category === "network_connection" && event.process !== null) {
          const state = world.process(event.process);
          if (state?.connection === event && state.start?.fields.StdoutToImage !== undefined) {
            connections.ensure(event.process, () => event);
          }
        }
        return NO_MEASUREMENTS;
      },
      // Either end may start first, and the writer connects after both: who is whose is known only at the end.
      finish: () => [...pairs.values()].flatMap((pair) => measurePair(pair, connections)),
    };
  },
};

function measurePair(pair: Pair, connections: BoundedMap<string, Connection>): Measurement[] {
  return pair.writers.flatMap((writer) => {
    const connection = writer.process === null ? undefined : connections.get(writer.process);
    if (connection === undefined) return [];
    const reader = partnerOf(writer, pair.readers);
    // A program's other pipelines look alike, and each reader has one writer.
    if (reader === undefined || partnerOf(reader, pair.writers) !== writer) return [];
    return [measure(reader, writer, connection)];
  });
}

/** A pipe's ends are recorded by image. Of those that fit, a sibling is likelier than others, and then the nearest in time. */
function partnerOf(one: Start, others: readonly Start[]): Start | undefined {
  const at = firstNotBefore(others, millisecondsOf(one));
  const near = others
    .slice(Math.max(0, at - NEIGHBOURS), at + NEIGHBOURS)
    .filter(({ process }) => process !== one.process);
  const isSibling = (other: Start): boolean => other.fields.ParentProcessId === one.fields.ParentProcessId;
  const distance = (other: Start): bigint => {
    const difference = BigInt(other.time) - BigInt(one.time);
    return difference < 0n ? -difference : difference;
  };
  return near.toSorted(
    (a, b) => Number(isSibling(b)) - Number(isSibling(a)) || (distance(a) < distance(b) ? -1 : 1),
  )[0];
}

/** Place of the first start at this time or later, by halving. */
function firstNotBefore(starts: readonly Start[], time: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = starts[middle];
    if (start !== undefined && millisecondsOf(start) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function measure(reader: Start, writer: Start, connection: Connection): Measurement {
  const { DestinationHostname, DestinationIp, DestinationPort } = connection.fields;
  return {
    trigger: reader,
    sources: [writer, connection, reader],
    fields: {
      ReaderCommandLine: reader.fields.CommandLine,
      ReaderScript: reader.fields.Script,
      WriterImage: writer.fields.Image,
      WriterCommandLine: writer.fields.CommandLine,
      DestinationHostname,
      DestinationIp,
      DestinationPort,
      SecondsBetween: Math.max(secondsBetween(writer, reader), secondsBetween(reader, writer)),
    },
  };
}
