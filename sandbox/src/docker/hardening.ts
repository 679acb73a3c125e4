import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { type DetonationLimits, type DetonationPlan, Fault } from "@airlock/contracts";
import type { ContainerCreateOptions, HostConfig, VolumeCreateOptions } from "dockerode";
import { parseRunName, type RunName } from "../run-name.ts";

/**
 * Every option of every container that Airlock makes, in one place. Pure: a plan goes in, create options come out, so that
 * tests can say what never appears in them: privileges, devices, host namespaces, host paths, terminals.
 */

export type ContainerRole = "pause" | "sample";

/** Label that names the run; image labels are merged in by the engine but can't override it, nor forge a container name. */
export const RUN_LABEL = "airlock.run";
const ROLE_LABEL = "airlock.role";

export function containerName(runName: RunName, role: ContainerRole): string {
  return `${runName}-${role}`;
}

export interface SampleVolume {
  /** Name of the engine volume. */
  readonly name: string;
  /** Where the sample sees it. */
  readonly path: string;
  /** Where pause holds it, out of reach of whatever path the image chose. */
  readonly heldAt: string;
}

/**
 * The run that a volume belongs to, by its name: a container that is still being made when its volume is removed gets another
 * one of that name, without any label. Null for volumes that are not ours.
 */
export function ownerOfVolume(name: string): RunName | null {
  return parseRunName(/^(.*)-volume-\d+$/.exec(name)?.[1] ?? "");
}

/** More than any honest image has; each costs the host a mount or two. */
const MAX_VOLUMES = 64;

/**
 * The volumes of a run: of the plan and of the image, for the engine makes a volume on the host's disk, without bound,
 * for any `VOLUME` of the image that we leave uncovered. Throws IMAGE_MALFORMED when there are too many.
 */
export function planVolumes(plan: DetonationPlan, imageVolumes: readonly string[], runName: RunName): SampleVolume[] {
  const paths = new Set<string>();
  for (const volume of [...plan.volumes, ...imageVolumes]) paths.add(posix.join("/", volume).replace(/(.)\/+$/, "$1"));
  // The engine refuses a volume at the root; the root is writable as it is.
  paths.delete("/");
  if (paths.size > MAX_VOLUMES) throw new Fault("IMAGE_MALFORMED", `the image has more than ${MAX_VOLUMES} volumes`);
  return [...paths].toSorted().map((path, index) => ({
    name: `${runName}-volume-${index}`,
    path,
    heldAt: `/volumes/${index}`,
  }));
}

/**
 * Bytes that each of `count` volumes may hold: they live in the host's memory, and what the image has in them is copied by the
 * engine, whose memory nobody bounds. So all together are no larger than the disk that the sample may fill.
 */
export function boundVolume({ diskBytes, volumeBytes }: DetonationLimits, count: number): number {
  return Math.min(volumeBytes, Math.floor(diskBytes / Math.max(1, count)));
}

/** Likewise of files: the engine copies the image's into every volume, one by one. */
function boundInodes({ volumeInodes }: DetonationLimits, count: number): number {
  return Math.floor(volumeInodes / Math.max(1, count));
}

/** A volume in memory: bounded in bytes and inodes, programs can run in it, and it is gone with its last user. */
export function volumeOptions(
  { limits }: DetonationPlan,
  volume: SampleVolume,
  runName: RunName,
  count = 1,
): VolumeCreateOptions {
  return {
    Name: volume.name,
    Driver: "local",
    DriverOpts: {
      type: "tmpfs",
      device: "tmpfs",
      // Like a fresh folder of root's; where the image has the folder, the engine copies its owner and mode too.
      o: `size=${boundVolume(limits, count)},nr_inodes=${boundInodes(limits, count)},mode=0755,nosuid,nodev`,
    },
    Labels: { [RUN_LABEL]: runName },
  };
}

export interface PausePlacement {
  readonly runName: RunName;
  /** Image reference or id. */
  readonly image: string;
  readonly cgroupParent: string;
  readonly volumes: readonly SampleVolume[];
  readonly resolverAddress: string;
  /** What the sample's own name leads to, as an engine writes it for any container with a network. */
  readonly sampleAddress: string;
}

/** Pause owns the network and IPC namespaces and holds the volumes; it runs our own binary and nothing else. */
export function pauseOptions(plan: DetonationPlan, placement: PausePlacement): ContainerCreateOptions {
  const { runName, cgroupParent, resolverAddress, sampleAddress, volumes } = placement;
  return {
    ...commonOptions(runName, "pause", placement.image),
    Hostname: plan.hostname,
    HostConfig: {
      ...commonHostConfig(cgroupParent),
      NetworkMode: "none",
      Dns: [resolverAddress],
      ExtraHosts: [`${plan.hostname}:${sampleAddress}`],
      IpcMode: "shareable",
      ShmSize: plan.limits.shmBytes,
      ReadonlyRootfs: true,
      CapAdd: [],
      Memory: PAUSE_MEMORY_BYTES,
      MemorySwap: PAUSE_MEMORY_BYTES,
      PidsLimit: PAUSE_TASKS,
      // NoCopy: nothing of pause's image belongs into a volume.
      Mounts: volumes.map(({ name, heldAt }) => ({
        Type: "volume" as const,
        Source: name,
        Target: heldAt,
        ReadOnly: false,
        VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "local", Options: {} } },
      })),
    },
  };
}

const PAUSE_MEMORY_BYTES = 32 * 1024 * 1024;
/** Pause itself is one. The runtime's first process, which lives in here before it, is a Go program and starts as many threads as it likes. */
const PAUSE_TASKS = 64;

export interface SamplePlacement {
  readonly runName: RunName;
  readonly image: string;
  readonly cgroupParent: string;
  readonly volumes: readonly SampleVolume[];
  readonly hostCpus: number;
  /** Hard limit on open files that the engine's own processes have: a container can't be given more. */
  readonly openFilesBound: number;
}

/** The sample itself. Its namespaces are its own or pause's, never the host's. */
export function sampleOptions(plan: DetonationPlan, placement: SamplePlacement): ContainerCreateOptions {
  const { runName, cgroupParent, hostCpus, volumes } = placement;
  const { limits } = plan;
  const openFiles = Math.min(limits.openFiles, placement.openFilesBound);
  const pause = `container:${containerName(runName, "pause")}`;
  return {
    ...commonOptions(runName, "sample", placement.image),
    Entrypoint: plan.entrypoint.argv,
    Cmd: [],
    Env: plan.env,
    User: plan.user,
    WorkingDir: plan.workdir,
    HostConfig: {
      ...commonHostConfig(cgroupParent),
      NetworkMode: pause,
      IpcMode: pause,
      ReadonlyRootfs: false,
      CapAdd: [...SAMPLE_CAPABILITIES],
      Memory: limits.memoryBytes,
      // Equal to Memory: no swap, so that the bound is one of memory and not of the host's patience.
      MemorySwap: limits.memoryBytes,
      PidsLimit: limits.pids,
      // When the host runs out of memory, the sample goes before the worker, its tracer and pause.
      OomScoreAdj: 500,
      NanoCpus: Math.min(limits.nanoCpus, hostCpus * 1_000_000_000),
      CpusetCpus: shownCpus(runName, hostCpus),
      Ulimits: [
        { Name: "core", Soft: 0, Hard: 0 },
        { Name: "nofile", Soft: openFiles, Hard: openFiles },
        // Charged to the user, not to the control group, and the sample's root is the host's: bounded apart from the host's.
        { Name: "memlock", Soft: MEMLOCK_BYTES, Hard: MEMLOCK_BYTES },
        { Name: "msgqueue", Soft: MSGQUEUE_BYTES, Hard: MSGQUEUE_BYTES },
        { Name: "sigpending", Soft: PENDING_SIGNALS, Hard: PENDING_SIGNALS },
      ],
      Mounts: volumes.map(({ name, path }) => ({
        Type: "volume" as const,
        Source: name,
        Target: path,
        ReadOnly: false,
        VolumeOptions: { NoCopy: false, Labels: {}, DriverConfig: { Name: "local", Options: {} } },
      })),
    },
  };
}

/** Many ordinary servers fail or hang with none: they change to their own user, and bind ports below 1024. */
export const SAMPLE_CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "SETUID",
  "SETGID",
  "KILL",
  "NET_BIND_SERVICE",
] as const;

const MEMLOCK_BYTES = 64 * 1024;
const MSGQUEUE_BYTES = 64 * 1024;
const PENDING_SIGNALS = 4096;

/** Two processors are shown (one is a known mark of sandboxes), by the run's name so that runs spread; the quota is apart. */
function shownCpus(runName: RunName, hostCpus: number): string {
  if (hostCpus <= 2) return "";
  const first = Number.parseInt(runName.slice(-8), 16) % (hostCpus - 1);
  return `${first},${first + 1}`;
}

function commonOptions(runName: RunName, role: ContainerRole, image: string): ContainerCreateOptions {
  return {
    name: containerName(runName, role),
    Image: image,
    Labels: { [RUN_LABEL]: runName, [ROLE_LABEL]: role },
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    // The image's own health check would be a second entry point that nobody planned.
    Healthcheck: { Test: ["NONE"] },
    // Ours, so that an image's invalid one can't make the create fail; the plan's is sent by name at the end.
    StopSignal: "SIGTERM",
  };
}

function commonHostConfig(cgroupParent: string): HostConfig & { CgroupnsMode: "private" } {
  return {
    CgroupParent: cgroupParent,
    // Else /proc/self/cgroup shows our name to the sample.
    CgroupnsMode: "private",
    Privileged: false,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges", `seccomp=${seccompProfile()}`],
    Binds: [],
    Devices: [],
    PublishAllPorts: false,
    AutoRemove: false,
    Init: false,
    RestartPolicy: { Name: "no" },
    MaskedPaths: [...MASKED_PATHS],
    ReadonlyPaths: [...READONLY_PATHS],
    // Nothing on the engine's disk: the output is read from the attached stream, where the bound is ours.
    LogConfig: { Type: "none", Config: {} },
  };
}

/** What tells of the host or its kernel's memory: named here, for each engine's own list is as old as the engine. */
const MASKED_PATHS = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/config.gz",
  "/proc/interrupts",
  "/proc/iomem",
  "/proc/kallsyms",
  "/proc/kcore",
  "/proc/keys",
  "/proc/kmsg",
  "/proc/kpagecount",
  "/proc/kpageflags",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/slabinfo",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/vmallocinfo",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
] as const;

const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"] as const;

/** The profile as the engine's API wants it: the text itself, not a file name. */
export function seccompProfile(): string {
  return readFileSync(new URL("../../profiles/seccomp.json", import.meta.url), "utf8");
}
