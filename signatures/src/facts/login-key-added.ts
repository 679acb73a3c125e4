import type { EventOf } from "@airlock/contracts";
import { isSuccess } from "../outcome.ts";
import type { World } from "../world.ts";
import { type FactDefinition, type Measurement, NO_MEASUREMENTS } from "./fact.ts";

type Placement = EventOf<"file_event"> | EventOf<"file_rename">;

const KEY_FILE = /\/authorized_keys2?$/;
/** How an image makes the keys of its own server at start. */
const HOST_KEY_MAKER = /\/ssh-keygen$/;
const MAKES_HOST_KEYS = /(?:^|\s)-A(?:\s|$)/;
const SERVER = /\/(?:sshd|dropbear|tinysshd)$/;

export const LOGIN_KEY_ADDED: FactDefinition = {
  name: "login-key-added",
  meaning:
    "A list of keys that may log in over SSH was written, and whether the image had made ready to be logged in to before.",
  fields: {
    TargetFilename: "The list.",
    Operation: "What was done, where it was no renaming: `create`, `write`, `link`, `mkdir`, ...",
    Result: "How the call ended.",
    BytesWritten: "How much was written, where known.",
    ContentType: "Kind of what was written, where known.",
    ServerImage: "Program of the image that had made host keys or served SSH on a declared port before, if one had.",
    ServerIsImages:
      "There was such a program. What comes after the key counts for nothing: else starting a server would excuse it.",
  },
  categories: ["file_event", "file_rename", "process_creation", "network_listen"],
  open: () => {
    let server: EventOf<"process_creation"> | EventOf<"network_listen"> | undefined;
    let main: string | null | undefined;
    return {
      forgotten: () => 0,
      observe: (event, world) => {
        if (event.category === "file_event" || event.category === "file_rename") {
          return KEY_FILE.test(event.fields.TargetFilename) ? [measure(event, server)] : NO_MEASUREMENTS;
        }
        if (event.category === "process_creation") {
          if (event.fields.IsEntrypoint === true) main = event.process;
          if (makesHostKeys(event) || isMainServer(event, main)) server ??= event;
        } else if (event.category === "network_listen" && isDeclaredServer(event, world)) server ??= event;
        return NO_MEASUREMENTS;
      },
      finish: () => NO_MEASUREMENTS,
    };
  },
};

function makesHostKeys({ fields }: EventOf<"process_creation">): boolean {
  const isMaker = HOST_KEY_MAKER.test(fields.Image ?? "") && fields.ImageOrigin === "image";
  return isMaker && MAKES_HOST_KEYS.test(fields.CommandLine ?? "");
}

function isMainServer({ process, fields }: EventOf<"process_creation">, main: string | null | undefined): boolean {
  return process === main && SERVER.test(fields.Image ?? "") && fields.ImageOrigin === "image";
}

function isDeclaredServer({ process, fields }: EventOf<"network_listen">, world: World): boolean {
  const start = world.process(process)?.start?.fields;
  const isServer = SERVER.test(fields.Image ?? "") && start?.ImageOrigin === "image";
  return isServer && fields.Exposed === true && isSuccess(fields.Result);
}

function measure(
  key: Placement,
  server: EventOf<"process_creation"> | EventOf<"network_listen"> | undefined,
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
      ServerIsImages: server !== undefined,
    },
  };
}
