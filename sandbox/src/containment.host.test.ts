import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PinnedImage } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { nameSyscall } from "./recorder/syscall-names.ts";
import { TestRange } from "./test-range.ts";

/** What a sample really gets back from the kernel, and what it sees of the host. */

let range: TestRange;
let image: PinnedImage;

beforeAll(async () => {
  range = await TestRange.open();
  image = await range.build([[{ path: "bin/try-calls", content: compile("try-calls") }]]);
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

function compile(name: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
  try {
    const source = fileURLToPath(new URL(`../native/${name}.c`, import.meta.url));
    execFileSync("gcc", ["-O1", "-static", "-Wall", "-Werror", "-o", join(folder, name), source]);
    return readFileSync(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { EPERM, ENOSYS } = constants.errno;
const [AF_INET, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK] = [2, 16, 17, 38, 40];
const [SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET] = [1, 2, 3, 5];
const NETLINK_NETFILTER = 12;
const SIGCHLD = constants.signals.SIGCHLD;
const ADDR_NO_RANDOMIZE = 0x0040000;

/** A call by name, its arguments (`@` is memory), and the error that must come back; 0 is success. */
const NATIVE: readonly (readonly [string, string, number])[] = [
  ["getppid", "", 0],
  ["socket", `${AF_INET},${SOCK_STREAM},0`, 0],
  ["socket", `${AF_NETLINK},${SOCK_RAW},0`, 0],
  ["personality", "0xffffffff", 0],
  ["io_uring_setup", "8,@", EPERM],
  ["userfaultfd", "0", EPERM],
  ["memfd_secret", "0", EPERM],
  ["bpf", "0,@,120", EPERM],
  ["perf_event_open", "@,0,0,0,0", EPERM],
  ["keyctl", "0,0,0", EPERM],
  ["add_key", "@,@,0,0,0", EPERM],
  ["mount", "@,@,@,0,0", EPERM],
  ["umount2", "@,0", EPERM],
  ["fsopen", "@,0", EPERM],
  ["open_tree", "0,@,0", EPERM],
  ["pivot_root", "@,@", EPERM],
  ["chroot", "@", EPERM],
  ["unshare", "0x10000000", EPERM],
  ["setns", "0,0", EPERM],
  ["clone", `${0x10000000 + SIGCHLD},0,0,0,0`, EPERM],
  ["clone", `${0x40000000 + SIGCHLD},0,0,0,0`, EPERM],
  ["clone3", "@,88", ENOSYS],
  ["socket", `${AF_ALG},${SOCK_SEQPACKET},0`, EPERM],
  ["socket", `${AF_VSOCK},${SOCK_STREAM},0`, EPERM],
  ["socket", `${AF_PACKET},${SOCK_RAW},0`, EPERM],
  ["socket", `${AF_NETLINK},${SOCK_RAW},${NETLINK_NETFILTER}`, EPERM],
  // Allowed by the filter, and then refused for the capability: a packet could be forged.
  ["socket", `${AF_INET},${SOCK_RAW},1`, EPERM],
  ["init_module", "@,0,@", EPERM],
  ["finit_module", "0,@,0", EPERM],
  ["kexec_load", "0,0,0,0", EPERM],
  ["open_by_handle_at", "0,@,0", EPERM],
  ["ptrace", "0,0,0,0", EPERM],
  ["process_vm_readv", "1,@,1,@,1,0", EPERM],
  ["reboot", "0,0,0", EPERM],
  ["settimeofday", "@,0", EPERM],
  ["sethostname", "@,1", EPERM],
  ["syslog", "3,@,16", EPERM],
  ["fanotify_init", "0,0", EPERM],
  ["personality", `${ADDR_NO_RANDOMIZE}`, EPERM],
];

/** The same by the 32-bit entry, which has numbers of its own. */
const COMPAT: readonly (readonly [string, string, number])[] = [
  ["getppid", "", 0],
  ["mount", "@,@,@,0,0", EPERM],
  ["bpf", "0,@,120", EPERM],
  ["ptrace", "0,0,0,0", EPERM],
  ["clone", `${0x10000000 + SIGCHLD},0,0,0,0`, EPERM],
  ["clone3", "@,88", ENOSYS],
  ["socket", `${AF_ALG},${SOCK_SEQPACKET},0`, EPERM],
  ["socket", `${AF_INET},${SOCK_DGRAM},0`, 0],
];

function numberOf(name: string, compat: boolean): number {
  return Array.from({ length: 511 }, (_, number) => number).findIndex((number) => nameSyscall(number, compat) === name);
}

describe.runIf(process.arch === "x64")("calls", () => {
  test("are refused as the profile says, by both entries of the kernel, and each attempt is recorded", async () => {
    const native = NATIVE.map(([name, args]) => `${name}=${numberOf(name, false)}${args && `,${args}`}`);
    const compat = COMPAT.map(([name, args]) => `i386:${name}=i386:${numberOf(name, true)}${args && `,${args}`}`);
    const { recording } = await range.detonate(["/bin/try-calls", ...native, ...compat], { image });
    const expected = [...NATIVE, ...COMPAT.map(([name, args, error]) => [`i386:${name}`, args, error] as const)];
    expect(recording.output.stdout.text.trimEnd().split("\n")).toEqual(
      expected.map(([name, , error]) => `${name} ${error}`),
    );
    for (const [name, , error] of expected.filter((row) => row[2] === EPERM)) {
      expect(recording.trace.syscalls[name], `${name} ${error}`).toMatchObject({ denied: expect.any(Number) });
      expect(recording.trace.syscalls[name]?.denied, name).toBeGreaterThan(0);
    }
  });
});

describe("a sample sees", () => {
  test("the capabilities of the list and no way to more", async () => {
    const { recording } = await range.detonate("cat /proc/self/status");
    const { text } = recording.output.stdout;
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(text)?.[1];
    // CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10.
    const held = [0, 1, 3, 5, 6, 7, 10]
      .reduce((mask, bit) => mask | (1 << bit), 0)
      .toString(16)
      .padStart(16, "0");
    expect({ effective: field("CapEff"), bounding: field("CapBnd"), ambient: field("CapAmb") }).toEqual({
      effective: held,
      bounding: held,
      ambient: "0".repeat(16),
    });
    expect({ noNewPrivileges: field("NoNewPrivs"), seccomp: field("Seccomp") }).toEqual({
      noNewPrivileges: "1",
      seccomp: "2",
    });
  });

  test("no name of ours, a host name of the plan's, and only harmless devices", async () => {
    const script = `
      cat /proc/self/cgroup /proc/self/mountinfo /proc/self/environ /etc/hosts /etc/resolv.conf | tr '\\0' '\\n'
      echo "host $(cat /proc/sys/kernel/hostname)"
      for node in /dev/*; do test -b $node && echo "block device $node"; done
      ls -d /dev/kmsg /dev/mem /dev/kvm /dev/vsock /dev/fuse /var/run/docker.sock 2>/dev/null
      echo core > /proc/sys/kernel/core_pattern; echo 1 > /proc/sys/vm/drop_caches
      mknod /tmp/disk b 254 0
      true`;
    const { recording, run } = await range.detonate(script, { plan: { hostname: "checkout-5b9d" } });
    const { text } = recording.output.stdout;
    expect(text).not.toMatch(/airlock|pause/);
    expect(text).not.toContain(run.slice(-8));
    expect(text).not.toMatch(/block device|\/dev\/(kmsg|mem|kvm|vsock|fuse)$|docker\.sock/m);
    expect(text).toContain("host checkout-5b9d\n");
    expect(text).toMatch(/^172\.17\.0\.2\s+checkout-5b9d$/m);
    expect(text).toMatch(/^0::\/$/m);
    expect(recording.output.stderr.text.match(/Read-only file system/g)).toHaveLength(2);
    expect(recording.output.stderr.text).toContain("/tmp/disk: Operation not permitted");
  });
});
