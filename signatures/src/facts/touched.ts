import type { BehaviourEvent, EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { secondsBetween } from "../outcome.ts";
import type { FactDefinition, FactObserver, FactValue } from "./fact.ts";
import { NO_MEASUREMENTS } from "./fact.ts";
import { Peaks } from "./peaks.ts";
import { RecentValues } from "./recent-values.ts";

const WINDOW_SECONDS = 60;
const MAX_KEYS = 8_192;

type Connection = EventOf<"network_connection">;

export const PORTS_TOUCHED: FactDefinition = {
  name: "ports-touched",
  meaning: "How many ports of one host one image tried within 60 seconds, whether or not they answered.",
  fields: {
    Ports: "Distinct ports.",
    DestinationIp: "The host.",
    DestinationHostname: "Its name, where known.",
    Protocol: "`tcp` or `udp`.",
    Seconds: "From the first of them to the last.",
  },
  categories: ["network_connection"],
  open: () =>
    observeTouches(
      ({ DestinationIp, Protocol }) => `${DestinationIp} ${Protocol}`,
      ({ DestinationPort }) => String(DestinationPort),
      (count, { DestinationIp, DestinationHostname, Protocol }) => ({
        Ports: count,
        DestinationIp,
        DestinationHostname,
        Protocol,
      }),
    ),
};

export const HOSTS_TOUCHED: FactDefinition = {
  name: "hosts-touched",
  meaning: "How many hosts one image tried on one port within 60 seconds, whether or not they answered.",
  fields: {
    Hosts: "Distinct hosts, by name where known and else by address.",
    DestinationPort: "The port.",
    Protocol: "`tcp` or `udp`.",
    Seconds: "From the first of them to the last.",
  },
  categories: ["network_connection"],
  open: () =>
    observeTouches(
      ({ DestinationPort, Protocol }) => `${DestinationPort} ${Protocol}`,
      ({ DestinationHostname, DestinationIp }) => DestinationHostname ?? DestinationIp ?? "",
      (count, { DestinationPort, Protocol }) => ({ Hosts: count, DestinationPort, Protocol }),
    ),
};

/** By image, not by process: a shell loop that starts a client for each port is one scan. */
function observeTouches(
  keyOf: (fields: Connection["fields"]) => string,
  targetOf: (fields: Connection["fields"]) => string,
  describe: (count: number, fields: Connection["fields"]) => Record<string, FactValue>,
): FactObserver {
  const windows = new BoundedMap<string, RecentValues>(MAX_KEYS);
  const peaks = new Peaks();
  return {
    forgotten: () => windows.evicted + peaks.forgotten,
    finish: () => peaks.finish(),
    observe: (event) => {
      if (!isAttempt(event)) return NO_MEASUREMENTS;
      const key = `${event.fields.Image ?? event.process ?? ""} ${keyOf(event.fields)}`;
      const recent = windows.ensure(key, () => new RecentValues(WINDOW_SECONDS));
      const count = recent.add(targetOf(event.fields), event);
      if (count < 2) return NO_MEASUREMENTS;
      return peaks.note(key, count, () => ({
        trigger: event,
        sources: recent.sample(5),
        fields: { ...describe(count, event.fields), Seconds: secondsBetween(recent.first ?? event, event) },
      }));
    },
  };
}

/** Port 0 is no port: resolvers give datagram sockets such addresses to learn about routes. */
function isAttempt(event: BehaviourEvent): event is Connection {
  if (event.category !== "network_connection" || !event.fields.Initiated) return false;
  const { Protocol, DestinationPort, DestinationIp } = event.fields;
  return (Protocol === "tcp" || Protocol === "udp") && DestinationIp !== undefined && (DestinationPort ?? 0) !== 0;
}
