import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { nameSyscall } from "../recorder/syscall-names.ts";
import { seccompProfile } from "./hardening.ts";

const Rule = z.strictObject({
  comment: z.string().min(10),
  names: z.array(z.string().regex(/^[a-z0-9_]+$/)).min(1),
  // Never KILL, TRAP, TRACE or LOG: a killed call reads like a success, and the sample would know that it is watched.
  action: z.enum(["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"]),
  errnoRet: z.number().int().optional(),
  args: z
    .array(
      z.strictObject({
        index: z.number().int().min(0).max(5),
        value: z.number().int(),
        valueTwo: z.number().int().optional(),
        op: z.enum(["SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"]),
      }),
    )
    .optional(),
  // By processor only: a rule that depends on capabilities would open with one that was added for another reason.
  includes: z.strictObject({ arches: z.array(z.string()) }).optional(),
});

const Profile = z.strictObject({
  defaultAction: z.literal("SCMP_ACT_ERRNO"),
  defaultErrnoRet: z.literal(constants.errno.EPERM),
  archMap: z.array(z.strictObject({ architecture: z.string(), subArchitectures: z.array(z.string()) })),
  syscalls: z.array(Rule),
});

const profile = Profile.parse(JSON.parse(seccompProfile()));
const allowing = profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW");
const refusing = profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ERRNO");

function rulesOf(name: string) {
  return profile.syscalls.filter(({ names }) => names.includes(name));
}

/** From what breaks out of containers, blinds the recorder or reaches the host. */
const REFUSED = `
  io_uring_setup io_uring_enter io_uring_register userfaultfd memfd_secret bpf perf_event_open keyctl add_key request_key
  mount umount2 pivot_root chroot mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick swapon swapoff
  unshare setns open_by_handle_at init_module finit_module delete_module kexec_load kexec_file_load ptrace
  process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise reboot settimeofday clock_settime sethostname
  setdomainname syslog acct iopl ioperm vhangup fanotify_init fanotify_mark quotactl lookup_dcookie modify_ldt
`
  .trim()
  .split(/\s+/);

test.each(REFUSED)("%s is refused by name, whatever its arguments", (name) => {
  expect(rulesOf(name)).toMatchObject([{ action: "SCMP_ACT_ERRNO", errnoRet: constants.errno.EPERM }]);
  expect(rulesOf(name)[0]).not.toHaveProperty("args");
});

test("clone3 looks as if the kernel had none, so that C libraries use the call whose flags can be seen", () => {
  expect(rulesOf("clone3")).toMatchObject([{ action: "SCMP_ACT_ERRNO", errnoRet: constants.errno.ENOSYS }]);
});

test.each(["io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents"])(
  "%s looks as if the kernel had none, for what it writes passes by the recorder",
  (name) => {
    expect(rulesOf(name)).toMatchObject([{ action: "SCMP_ACT_ERRNO", errnoRet: constants.errno.ENOSYS }]);
  },
);

test("clone makes no namespace of any kind", () => {
  const [NEWNS, NEWCGROUP, NEWUTS, NEWIPC] = [0x00020000, 0x02000000, 0x04000000, 0x08000000];
  const [NEWUSER, NEWPID, NEWNET] = [0x10000000, 0x20000000, 0x40000000];
  const args = rulesOf("clone").map((rule) => rule.args);
  expect(args).toEqual([[{ index: 0, value: expect.any(Number), valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]]);
  const mask = args[0]?.[0]?.value ?? 0;
  for (const flag of [NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET]) expect(mask & flag).toBe(flag);
});

test("sockets are of the families that ordinary programs use, and netlink of harmless protocols", () => {
  const [UNIX, INET, INET6, NETLINK] = [1, 2, 10, 16];
  const shapes = rulesOf("socket").map(({ args }) => (args ?? []).map(({ index, value, op }) => [index, value, op]));
  const is = (index: number, value: number) => [index, value, "SCMP_CMP_EQ"];
  const [ROUTE, SOCK_DIAG, AUDIT, UEVENT] = [0, 4, 9, 15];
  expect(shapes).toEqual([
    [is(0, UNIX)],
    [is(0, INET)],
    [is(0, INET6)],
    ...[ROUTE, SOCK_DIAG, AUDIT, UEVENT].map((protocol) => [is(0, NETLINK), is(2, protocol)]),
  ]);
});

test("a call is either allowed or refused, and no rule stands twice", () => {
  const allowed = new Set(allowing.flatMap(({ names }) => names));
  const refused = refusing.flatMap(({ names }) => names);
  expect(refused.filter((name) => allowed.has(name))).toEqual([]);
  expect(refused).toHaveLength(new Set(refused).size);
  const plain = allowing.filter(({ args }) => args === undefined).flatMap(({ names }) => names);
  expect(plain).toHaveLength(new Set(plain).size);
  const conditional = allowing.filter(({ args }) => args !== undefined).flatMap(({ names }) => names);
  expect(conditional.filter((name) => plain.includes(name))).toEqual([]);
});

test("a refusal has no condition and says its error", () => {
  for (const rule of refusing) {
    expect(rule).not.toHaveProperty("args");
    expect(rule).not.toHaveProperty("includes");
    expect([constants.errno.EPERM, constants.errno.ENOSYS]).toContain(rule.errnoRet);
  }
});

describe("every entry of the processor is covered, for the filter kills what comes by another", () => {
  test.each([
    ["SCMP_ARCH_X86_64", ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]],
    ["SCMP_ARCH_AARCH64", ["SCMP_ARCH_ARM"]],
  ])("%s", (architecture, subArchitectures) => {
    expect(profile.archMap).toContainEqual({ architecture, subArchitectures });
  });
});

describe("every call that the kernel has was thought about; the rest no kernel has any more, or no program uses", () => {
  const decided = new Set(profile.syscalls.flatMap(({ names }) => names));
  const undecided = (compat: boolean) =>
    Array.from({ length: 511 }, (_, number) => nameSyscall(number, compat)).filter(
      (name) => !name.startsWith("syscall_") && !decided.has(name),
    );

  test("native", () => {
    expect(undecided(false).join(" ")).toBe(
      "create_module get_kernel_syms query_module getpmsg putpmsg afs_syscall tuxcall security epoll_ctl_old epoll_wait_old vserver",
    );
  });

  test("32-bit", () => {
    expect(undecided(true).join(" ")).toBe(
      [
        "break oldstat oldfstat stty gtty ftime prof lock mpx ulimit oldolduname sgetmask ssetmask oldlstat readdir profil",
        "olduname idle create_module get_kernel_syms bdflush afs_syscall query_module getpmsg putpmsg vserver",
      ].join(" "),
    );
  });
});
