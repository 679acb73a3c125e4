import type { TracePath, TraceRecord } from "@airlock/contracts";
import * as flags from "./decode-tables/call-flags.ts";
import * as options from "./decode-tables/call-options.ts";
import { signalName } from "./decode-tables/signals.ts";
import { familyName, socketTypeName } from "./decode-tables/socket-names.ts";
import { toHex, toInt } from "./register.ts";
import { bestPath, resolvePath } from "./sample-path.ts";

type CallRecord = Extract<TraceRecord, { kind: "syscall" }>;

/** How one argument is written. `path` and `text` take the record's next string in place of the pointer. */
type Reading = "path" | "text" | "int" | "hex" | flags.FlagTable | { readonly option: options.OptionTable };

const KEYCTL = { option: options.KEYCTL_OPERATIONS };
const IDS3: readonly Reading[] = ["int", "int", "int"];

/** Calls by name, their arguments in order. A call that is not here shows its six registers as hex. */
const READINGS: Readonly<Record<string, readonly Reading[]>> = {
  mount: ["text", "path", "text", flags.MOUNT_FLAGS, "hex"],
  umount: ["path", flags.UMOUNT_FLAGS],
  umount2: ["path", flags.UMOUNT_FLAGS],
  pivot_root: ["path", "path"],
  chroot: ["path"],
  swapon: ["path", "hex"],
  swapoff: ["path"],
  acct: ["path"],
  fsopen: ["text", "hex"],
  fspick: ["int", "path", "hex"],
  fsconfig: ["int", { option: options.FSCONFIG_COMMANDS }, "text", "text", "int"],
  fsmount: ["int", "hex", "hex"],
  open_tree: ["int", "path", flags.AT_FLAGS],
  move_mount: ["int", "path", "int", "path", "hex"],
  mount_setattr: ["int", "path", flags.AT_FLAGS, "hex", "int"],
  unshare: [flags.NAMESPACE_FLAGS],
  setns: ["int", flags.NAMESPACE_FLAGS],
  // The tracer puts the flags of the call's structure in place of the pointer to it.
  clone3: [flags.NAMESPACE_FLAGS],
  mmap: ["hex", "hex", flags.PROTECTION_FLAGS, flags.MAP_FLAGS, "int", "hex"],
  mmap2: ["hex", "hex", flags.PROTECTION_FLAGS, flags.MAP_FLAGS, "int", "hex"],
  mprotect: ["hex", "hex", flags.PROTECTION_FLAGS],
  pkey_mprotect: ["hex", "hex", flags.PROTECTION_FLAGS, "int"],
  memfd_create: ["text", flags.MEMFD_FLAGS],
  memfd_secret: ["hex"],
  prctl: [{ option: options.PRCTL_OPTIONS }, "hex", "hex", "hex", "hex"],
  seccomp: [{ option: options.SECCOMP_OPERATIONS }, flags.SECCOMP_FLAGS, "hex"],
  bpf: [{ option: options.BPF_COMMANDS }, "hex", "int"],
  perf_event_open: ["hex", "int", "int", "int", "hex"],
  userfaultfd: [flags.USERFAULT_FLAGS],
  io_uring_setup: ["int", "hex"],
  io_uring_enter: ["int", "int", "int", "hex"],
  io_uring_register: ["int", "int", "hex", "int"],
  delete_module: ["text", "hex"],
  kexec_load: ["hex", "int", "hex", "hex"],
  kexec_file_load: ["int", "int", "int", "hex", "hex"],
  add_key: ["text", "text", "hex", "int", "int"],
  request_key: ["text", "text", "text", "int"],
  keyctl: [KEYCTL, "hex", "hex", "hex", "hex"],
  personality: [flags.PERSONALITY_FLAGS],
  reboot: ["hex", "hex", { option: options.REBOOT_COMMANDS }, "hex"],
  sethostname: ["text", "int"],
  setdomainname: ["text", "int"],
  setuid: ["int"],
  setgid: ["int"],
  setreuid: ["int", "int"],
  setregid: ["int", "int"],
  setresuid: IDS3,
  setresgid: IDS3,
  setfsuid: ["int"],
  setfsgid: ["int"],
  setgroups: ["int", "hex"],
  capset: ["hex", "hex"],
  iopl: ["int"],
  ioperm: IDS3,
  syslog: ["int", "hex", "int"],
  open_by_handle_at: ["int", "hex", flags.ACCESS_FLAGS],
  name_to_handle_at: ["int", "path", "hex", "hex", flags.AT_FLAGS],
  pidfd_open: ["int", "hex"],
  execve: ["path", "hex", "hex"],
  execveat: ["int", "path", "hex", "hex", flags.AT_FLAGS],
  fchdir: ["int"],
  quotactl: ["hex", "path", "int", "hex"],
  clock_settime: ["int", "hex"],
  settimeofday: ["hex", "hex"],
  adjtimex: ["hex"],
  clock_adjtime: ["int", "hex"],
  shmat: ["int", "hex", "hex"],
  inotify_add_watch: ["int", "path", "hex"],
  fanotify_mark: ["int", "hex", "hex", "int", "path"],
  io_setup: ["int", "hex"],
  io_submit: ["hex", "int", "hex"],
  ioctl: ["int", { option: options.IOCTL_REQUESTS }, "hex"],
};

/** Arguments for people and rules, in order: flags as names, paths resolved, the rest as decimal or hex text. */
export function describeArguments(record: CallRecord): string[] {
  const special = describeSpecial(record);
  if (special !== undefined) return special;
  const readings = READINGS[record.syscall] ?? record.args.map((): Reading => "hex");
  const strings = [...record.paths];
  return readings.map((reading, index) => readArgument(reading, record.args[index], strings));
}

/** The path or name that matters most: what is mounted on, entered, loaded or named. */
export function findTarget(record: CallRecord): string | undefined {
  const [first, second] = record.paths;
  switch (record.syscall) {
    case "mount":
      return second === undefined ? undefined : resolvePath(second);
    case "memfd_create":
    case "fsopen":
    case "sethostname":
    case "setdomainname":
    case "delete_module":
      return first?.argument;
    case "move_mount":
      return second === undefined ? undefined : resolvePath(second);
    default:
      if (record.file !== undefined) return bestPath(first, record.file);
      return first === undefined ? undefined : resolvePath(first);
  }
}

function readArgument(reading: Reading, value: bigint | undefined, strings: TracePath[]): string {
  if (reading === "path" || reading === "text") {
    const string = strings.shift();
    // The pointer itself is all there is when the text could not be read, or was not asked for.
    if (string === undefined || !string.readable) return toHex(value);
    return reading === "path" ? resolvePath(string) : string.argument;
  }
  if (reading === "int") return String(toInt(value));
  if (reading === "hex") return toHex(value);
  if ("option" in reading) return options.nameOption(toInt(value), reading.option);
  return flags.nameFlags(value ?? 0n, reading);
}

/** Calls whose arguments depend on each other. */
function describeSpecial(record: CallRecord): string[] | undefined {
  const { syscall, args } = record;
  const option = toInt(args[0]);
  switch (syscall) {
    case "clone":
      // The lowest byte is the signal at the child's end, no flag.
      return [
        flags.nameFlags((args[0] ?? 0n) & ~0xffn, flags.CLONE_FLAGS),
        signalName(Number((args[0] ?? 0n) & 0xffn)),
      ];
    case "prctl":
      if (option === 15 && record.paths[0] !== undefined) return ["PR_SET_NAME", record.paths[0].argument];
      return undefined;
    case "socket":
    case "socketpair":
      return [familyName(option), socketTypeName(toInt(args[1])), String(toInt(args[2]))];
    default:
      return undefined;
  }
}
