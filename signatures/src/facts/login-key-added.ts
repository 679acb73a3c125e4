import type { EventOf } from "@airlock/contracts";
import { isSuccess } from "../outcome.ts";
import type { World } from "../world.ts";
import { type FactDefinition, type Measurement, NO_MEASUREMENTS } from "./fact.ts";

type Placement = EventOf<"file_event"> | EventOf<"file_rename">;

/** More than any entry point adds; a sample that writes on has been seen often enough. */
const MAX_KEYS = 256;
const KEY_FILE = /\/authorized_keys2?$/;
const SERVER = /\/(?:sshd|dropbear|tinysshd)$/;

export const LOGIN_KEY_ADDED: FactDefinition = {
  name: "login-key-added",
  meaning: "A list of keys that may log in over SSH was written, and whether the image is there to be logged in to.",
  fields: {
    TargetFilename: "The list.",
    Operation: "What was done, where it was no renaming: `create`, `write`, `link`, `mkdir`, ...",
    Result: "How the call ended.",
    BytesWritten: "How much was written, where known.",
    ContentType: "Kind of what was written, where known.",
    ServerImage: "Image of the SSH server that ran in this run, if one did.",
    ServerIsImages:
      "It is of the image, and what the image is for: its main program, or listening on a port that the image declares.",
  },
  categories: ["file_event", "file_rename", "process_creation", "network_listen"],
  open: () => {
    const keys: Placement[] = [];
    let forgotten = 0;
    let server: EventOf<"process_creation"> | undefined;
    let owner: EventOf<"process_creation"> | EventOf<"network_listen"> | undefined;
    let main: string | null | undefined;
    const note = (event: Placement): void => {
      if (keys.length < MAX_KEYS) keys.push(event);
      else forgotten++;
    };
    return {
      forgotten: () => forgotten,
      observe: (event, world) => {
        if (event.category === "file_event" || event.category === "file_rename") {
          if (KEY_FILE.test(event.fields.TargetFilename)) note(event);
        } else if (event.category === "process_creation") {
          if (event.fields.IsEntrypoint === true) main = event.process;
          if (!SERVER.test(event.fields.Image ?? "")) return NO_MEASUREMENTS;
          server ??= event;
          if (event.process === main && event.fields.ImageOrigin === "image") owner ??= event;
        } else if (event.category === "network_listen" && isDeclaredServer(event, world)) owner ??= event;
        return NO_MEASUREMENTS;
      },
      // Keys are put there before the server starts.
      finish: () => keys.map((key) => measure(key, server, owner)),
    };
  },
};

function isDeclaredServer({ process, fields }: EventOf<"network_listen">, world: World): boolean {
  const start = world.process(process)?.start?.fields;
  const isServer = SERVER.test(fields.Image ?? "") && start?.ImageOrigin === "image";
  return isServer && fields.Exposed === true && isSuccess(fields.Result);
}

function measure(
  key: Placement,
  server: EventOf<"process_creation"> | undefined,
  owner: EventOf<"process_creation"> | EventOf<"network_listen"> | undefined,
): Measurement {
  const written = key.category === "file_event" ? key.fields : undefined;
  return {
    trigger: key,
    sources: [key, ...(server === undefined ? [] : [server])],
    fields: {
      TargetFilename: key.fields.TargetFilename,
      Operation: written?.Operation,
      Result: key.fields.Result,
      BytesWritten: written?.BytesWritten,
      ContentType: written?.ContentType,
      ServerImage: server?.fields.Image,
      ServerIsImages: owner !== undefined,
    },
  };
}
