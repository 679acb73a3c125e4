import type { EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { isLoopback, secondsBetween } from "../outcome.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";
import { Peaks } from "./peaks.ts";

const MAX_KEYS = 8_192;

/** Running mean and variance of the time between connections (Welford's way, which needs no list). */
interface Series {
  count: number;
  mean: number;
  squares: number;
  readonly first: EventOf<"network_connection">;
  last: EventOf<"network_connection">;
}

export const CONNECTIONS_REPEATED: FactDefinition = {
  name: "connections-repeated",
  meaning: "How often and how regularly one image connected to one endpoint outside.",
  fields: {
    Connections: "How many, attempts included.",
    DestinationHostname: "The endpoint's name, where known.",
    DestinationIp: "Its address.",
    DestinationPort: "Its port.",
    IntervalSeconds: "Mean time between two of them.",
    IntervalJitter: "Standard deviation of that time, as a part of the mean: 0 is a clock.",
    Seconds: "From the first to the last.",
  },
  categories: ["network_connection"],
  open: () => {
    const series = new BoundedMap<string, Series>(MAX_KEYS);
    const peaks = new Peaks();
    return {
      forgotten: () => series.evicted + peaks.forgotten,
      finish: () => peaks.finish(),
      observe: (event) => {
        if (event.category !== "network_connection" || !event.fields.Initiated) return NO_MEASUREMENTS;
        const { Image, Protocol, DestinationHostname, DestinationIp = "", DestinationPort = 0 } = event.fields;
        const isIp = (Protocol === "tcp" || Protocol === "udp") && DestinationIp !== "" && DestinationPort !== 0;
        if (!isIp || DestinationPort === 53 || isLoopback(DestinationIp)) return NO_MEASUREMENTS;
        const key = `${Image ?? event.process ?? ""} ${DestinationHostname ?? DestinationIp} ${DestinationPort}`;
        const known = series.get(key);
        if (known === undefined) {
          series.set(key, { count: 1, mean: 0, squares: 0, first: event, last: event });
          return NO_MEASUREMENTS;
        }
        const previous = known.last;
        addInterval(known, event);
        return peaks.note(key, known.count, () => ({
          trigger: event,
          sources: [...new Set([known.first, previous, event])],
          fields: {
            Connections: known.count,
            DestinationHostname,
            DestinationIp,
            DestinationPort,
            IntervalSeconds: round(known.mean),
            IntervalJitter: jitterOf(known),
            Seconds: secondsBetween(known.first, event),
          },
        }));
      },
    };
  },
};

function addInterval(series: Series, event: EventOf<"network_connection">): void {
  const interval = secondsBetween(series.last, event);
  const before = series.mean;
  const intervals = series.count;
  series.count++;
  series.last = event;
  series.mean += (interval - before) / intervals;
  series.squares += (interval - before) * (interval - series.mean);
}

/** One interval has no spread, and connections at the same moment no rhythm. */
function jitterOf({ count, mean, squares }: Series): number | undefined {
  const intervals = count - 1;
  return intervals < 2 || mean === 0 ? undefined : round(Math.sqrt(squares / intervals) / mean);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
