import { posix } from "node:path";
import type { EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { secondsBetween } from "../outcome.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";
import { Peaks } from "./peaks.ts";
import { RecentValues } from "./recent-values.ts";

const WINDOW_SECONDS = 20;
const MAX_PARENTS = 8_192;

/** Programs by what they ask: several answers to one question are one question. */
const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  account: ["id", "whoami", "groups", "logname"],
  users: ["w", "who", "users", "last", "lastlog", "getent"],
  system: ["uname", "arch", "lsb_release", "hostnamectl"],
  name: ["hostname", "dnsdomainname"],
  hardware: ["lscpu", "lspci", "lsusb", "dmidecode", "free", "lsmem"],
  addresses: ["ip", "ifconfig", "route", "arp"],
  connections: ["netstat", "ss", "lsof"],
  processes: ["ps", "top", "pstree", "pgrep"],
  disks: ["df", "lsblk", "mount", "findmnt", "blkid"],
  environment: ["env", "printenv"],
  modules: ["lsmod", "sysctl", "dmesg"],
};

const QUESTION_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(QUESTIONS).flatMap(([question, programs]) => programs.map((program) => [program, question] as const)),
);

export const HOST_QUESTIONS: FactDefinition = {
  name: "host-questions",
  meaning: "How many different things about the host the programs started by one process asked within 20 seconds.",
  fields: {
    Questions: `Distinct ones of: ${Object.keys(QUESTIONS).join(", ")}.`,
    Asked: "Their names.",
    AskerImage: "Image of the process that started the programs.",
    AskerCommandLine: "Its command line.",
    Seconds: "From the first of them to the last.",
  },
  categories: ["process_creation"],
  open: () => {
    const askers = new BoundedMap<string, RecentValues>(MAX_PARENTS);
    const peaks = new Peaks();
    return {
      forgotten: () => askers.evicted + peaks.forgotten,
      finish: () => peaks.finish(),
      observe: (event) => {
        if (event.category !== "process_creation") return NO_MEASUREMENTS;
        const question = QUESTION_OF.get(programOf(event));
        const { ParentProcessId, ParentImage, ParentCommandLine } = event.fields;
        if (question === undefined || ParentProcessId === undefined) return NO_MEASUREMENTS;
        const key = `${ParentProcessId} ${ParentImage ?? ""}`;
        const recent = askers.ensure(key, () => new RecentValues(WINDOW_SECONDS));
        const count = recent.add(question, event);
        return peaks.note(key, count, () => ({
          trigger: event,
          sources: recent.sample(Object.keys(QUESTIONS).length),
          fields: {
            Questions: count,
            Asked: recent.values(),
            AskerImage: ParentImage,
            AskerCommandLine: ParentCommandLine,
            Seconds: secondsBetween(recent.first ?? event, event),
          },
        }));
      },
    };
  },
};

/** What it was called as: all of busybox's programs have one image. */
function programOf({ fields }: EventOf<"process_creation">): string {
  const [name = "", first = ""] = fields.Arguments ?? fields.CommandLine?.split(" ") ?? [];
  const called = posix.basename(name);
  return called === "busybox" || called === "toybox" ? posix.basename(first) : called;
}
