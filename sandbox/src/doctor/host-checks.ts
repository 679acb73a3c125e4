import { execFile } from "node:child_process";
import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { promisify } from "node:util";
import { findCgroupTrees } from "../cgroup-tree.ts";
import { SYSTEM_ENVIRONMENT } from "../network/native-program.ts";
import { type Check, type CheckOutcome, fail, ok, warn } from "./check.ts";
import { isOlder } from "./version.ts";

const run = promisify(execFile);

/** Ring buffers and the tracing programs' attach types are older, but only from here on is all of it there. */
const OLDEST_KERNEL = "5.8";
/** `cgroup.kill`; before it processes are killed one by one. */
const COMFORTABLE_KERNEL = "5.14";
const GIB = 1024 ** 3;
const DISK_FAIL_BYTES = GIB;
const DISK_WARN_BYTES = 4 * GIB;

/** What the host itself must offer, cheapest and most fundamental first. */
export const HOST_CHECKS: readonly Check[] = [
  { name: "root", look: lookAtUser },
  { name: "kernel", look: () => judgeKernel(release()) },
  { name: "kernel types (BTF)", look: lookAtBtf },
  { name: "bpf settings", look: lookAtBpfSettings },
  { name: "control groups", look: lookAtCgroups },
  { name: "seccomp", look: lookAtSeccomp },
  { name: "programs", look: lookAtPrograms },
  { name: "temporary folder", look: () => judgeSpace(tmpdir()) },
];

function lookAtUser(): CheckOutcome {
  const uid = process.getuid?.() ?? -1;
  return uid === 0
    ? ok("running as root")
    : fail(`running as user ${uid}`, "Run as root: loading the recorder and making namespaces need it.");
}

export function judgeKernel(version: string): CheckOutcome {
  if (isOlder(version, OLDEST_KERNEL)) {
    return fail(`Linux ${version}`, `Linux ${OLDEST_KERNEL} or newer is needed for the recorder's ring buffers.`);
  }
  if (isOlder(version, COMFORTABLE_KERNEL)) {
    return warn(
      `Linux ${version}`,
      `From Linux ${COMFORTABLE_KERNEL} on a whole control group is killed at once; here one by one.`,
    );
  }
  return ok(`Linux ${version}`);
}

function lookAtBtf(): CheckOutcome {
  const path = "/sys/kernel/btf/vmlinux";
  if (!existsSync(path)) {
    return fail(
      `${path} is missing`,
      "Use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions' own kernels are.",
    );
  }
  return ok(`${path}, ${Math.round(statSync(path).size / 1024)} KiB`);
}

/** Not needed by us: a sample that may load programs of its own has more to attack the kernel with. */
function lookAtBpfSettings(): CheckOutcome {
  const value = readFileSync("/proc/sys/kernel/unprivileged_bpf_disabled", "utf8").trim();
  return value === "0"
    ? warn("unprivileged users may load bpf programs", "sysctl -w kernel.unprivileged_bpf_disabled=1")
    : ok("unprivileged users may not load bpf programs");
}

function lookAtCgroups(): CheckOutcome {
  const trees = findCgroupTrees();
  if (trees.unified === null) {
    return fail(
      "no cgroup v2 tree is mounted",
      "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified",
    );
  }
  const beside = trees.legacy.length === 0 ? "" : `, beside ${trees.legacy.length} v1 hierarchies`;
  return ok(`v2 tree at ${trees.unified}${beside}`);
}

function lookAtSeccomp(): CheckOutcome {
  const path = "/proc/sys/kernel/seccomp/actions_avail";
  const actions = existsSync(path) ? readFileSync(path, "utf8").trim().split(" ") : [];
  return actions.includes("errno")
    ? ok(`filters can: ${actions.join(" ")}`)
    : fail("the kernel has no seccomp filters", "Use a kernel built with CONFIG_SECCOMP_FILTER.");
}

/** Debian package that each program called at run time comes from. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  iptables: "iptables",
  "iptables-restore": "iptables",
  "ip6tables-restore": "iptables",
  nsenter: "util-linux",
  tcpdump: "tcpdump",
};

async function lookAtPrograms(): Promise<CheckOutcome> {
  const missing = Object.entries(PROGRAMS).filter(([name]) => !isInstalled(name));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, debian]) => debian))];
    return fail(`missing: ${missing.map(([name]) => name).join(", ")}`, `apt-get install ${packages.join(" ")}`);
  }
  const { stdout, stderr } = await run("tcpdump", ["--version"], { env: SYSTEM_ENVIRONMENT, timeout: 10_000 });
  const version = /tcpdump version ([\w.]+)/.exec(stdout + stderr)?.[1] ?? "of unknown version";
  return ok(`${Object.keys(PROGRAMS).join(", ")} are there; tcpdump ${version}`);
}

function isInstalled(name: string): boolean {
  return SYSTEM_ENVIRONMENT.PATH.split(":").some((folder) => existsSync(`${folder}/${name}`));
}

/** Free space of the file system that holds the folder. */
export function judgeSpace(folder: string): CheckOutcome {
  const { bavail, bsize } = statfsSync(folder);
  const bytes = bavail * bsize;
  const measured = `${(bytes / GIB).toFixed(1)} GiB free in ${folder}`;
  if (bytes < DISK_FAIL_BYTES)
    return fail(measured, "Free some space: a run may write more than 1 GiB before it is stopped.");
  if (bytes < DISK_WARN_BYTES) return warn(measured, "Several analyses at a time may need more; free some space.");
  return ok(measured);
}
