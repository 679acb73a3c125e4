import type { EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { isSuccess, secondsBetween } from "../outcome.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";

const MAX_SERVERS = 1_024;

export const SERVER_SPAWNED_PROCESS: FactDefinition = {
  name: "server-spawned-process",
  meaning: "A program was started by a process whose image had been listening on a port of the network.",
  fields: {
    ServerImage: "Image of the parent.",
    ServerCommandLine: "Its command line.",
    LocalPort: "The port that it had listened on first.",
    ListenSeconds: "For how long it had been listening.",
  },
  categories: ["network_listen", "process_creation"],
  open: () => {
    // By image: a server's workers are forked without an exec and share the listener.
    const servers = new BoundedMap<string, EventOf<"network_listen">>(MAX_SERVERS);
    return {
      forgotten: () => servers.evicted,
      observe: (event) => {
        if (event.category === "network_listen") {
          const { Image, Protocol, Result } = event.fields;
          const isServer = Image !== undefined && isSuccess(Result) && (Protocol === "tcp" || Protocol === "udp");
          if (isServer && servers.get(Image) === undefined) servers.set(Image, event);
          return NO_MEASUREMENTS;
        }
        if (event.category !== "process_creation") return NO_MEASUREMENTS;
        const { ParentImage, ParentCommandLine } = event.fields;
        const listener = ParentImage === undefined ? undefined : servers.get(ParentImage);
        if (listener === undefined) return NO_MEASUREMENTS;
        return [
          {
            trigger: event,
            sources: [listener, event],
            fields: {
              ServerImage: ParentImage,
              ServerCommandLine: ParentCommandLine,
              LocalPort: listener.fields.LocalPort,
              ListenSeconds: secondsBetween(listener, event),
            },
          },
        ];
      },
    };
  },
};
