import type { BehaviourEvent, EventCategory } from "@airlock/contracts";

/** Calls that become events of category `syscall`, in step with the recorder's table of calls. */
export const RECORDED_CALLS: readonly string[] = (
  "stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat chdir fchdir mmap mprotect pkey_mprotect " +
  "ioctl shmat clone clone3 execve execveat syslog setuid setgid setreuid setregid setgroups setresuid setresgid " +
  "setfsuid setfsgid capset personality pivot_root prctl adjtimex chroot acct settimeofday mount umount2 swapon swapoff " +
  "reboot sethostname setdomainname iopl ioperm delete_module quotactl io_setup io_submit clock_settime kexec_load " +
  "add_key request_key keyctl inotify_add_watch unshare perf_event_open fanotify_init fanotify_mark open_by_handle_at " +
  "clock_adjtime setns seccomp memfd_create kexec_file_load bpf userfaultfd io_uring_setup io_uring_enter " +
  "io_uring_register open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick process_madvise mount_setattr " +
  "memfd_secret socket socketpair"
).split(" ");

const REACHING_CALLS = (
  "ptrace process_vm_readv process_vm_writev kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal " +
  "pidfd_getfd"
).split(" ");

const OPENING = ["open", "openat", "openat2"];
const MAKING: Readonly<Record<string, readonly string[]>> = {
  create: [...OPENING, "creat"],
  write: [...OPENING, "creat"],
  mkdir: ["mkdir", "mkdirat"],
  link: ["link", "linkat"],
  symlink: ["symlink", "symlinkat"],
  mknod: ["mknod", "mknodat"],
};
const CHANGING: Readonly<Record<string, readonly string[]>> = {
  mode: ["chmod", "fchmod", "fchmodat", "fchmodat2"],
  owner: ["chown", "fchown", "lchown", "fchownat"],
  truncate: ["truncate", "ftruncate"],
  times: ["utime", "utimes", "futimesat", "utimensat"],
  attributes: ["setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"],
};
const RENAMING = ["rename", "renameat", "renameat2"];
const DELETING = ["unlink", "unlinkat", "rmdir"];
const STARTING = ["execve", "execveat"];
const LOADING = ["init_module", "finit_module"];
const CONNECTING = ["connect"];
const ACCEPTING = ["accept", "accept4"];
const LISTENING = ["listen", "bind"];

/** The calls that an event may be of: its name, or those that do the same where the event doesn't tell them apart. */
export function callsOf(event: BehaviourEvent): string | readonly string[] | undefined {
  switch (event.category) {
    case "process_creation":
      return STARTING;
    case "syscall":
    case "driver_load":
      return event.fields.SyscallName;
    case "process_access":
      return event.fields.CallName;
    case "file_event":
      return MAKING[event.fields.Operation];
    case "file_access":
      return OPENING;
    case "file_change":
      return CHANGING[event.fields.Change];
    case "file_rename":
      return RENAMING;
    case "file_delete":
      return DELETING;
    case "network_connection":
      return event.fields.Initiated ? CONNECTING : ACCEPTING;
    case "network_listen":
      return LISTENING;
    case "process_fork":
    case "process_termination":
    case "dns_query":
    case "proxy":
    case "tls":
    case "payload":
    case "output":
    case "derived":
      return undefined;
    default:
      return event satisfies never;
  }
}

/** Categories whose events may all be of the same calls. */
export const ALWAYS_THE_SAME_CALLS: ReadonlySet<EventCategory> = new Set<EventCategory>([
  "process_creation",
  "file_access",
  "file_rename",
  "file_delete",
  "network_listen",
]);

/** All calls that events of a category may be of. */
export const CALLS_BY_CATEGORY: ReadonlyMap<EventCategory, readonly string[]> = new Map<
  EventCategory,
  readonly string[]
>([
  ["process_creation", STARTING],
  ["syscall", RECORDED_CALLS],
  ["driver_load", LOADING],
  ["process_access", REACHING_CALLS],
  ["file_event", Object.values(MAKING).flat()],
  ["file_access", OPENING],
  ["file_change", Object.values(CHANGING).flat()],
  ["file_rename", RENAMING],
  ["file_delete", DELETING],
  ["network_connection", [...CONNECTING, ...ACCEPTING]],
  ["network_listen", LISTENING],
]);
