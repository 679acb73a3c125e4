import type { DetonationLimits, DetonationPlan } from "@airlock/contracts";
import type { ContainerCreateOptions } from "dockerode";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunName } from "../run-name.ts";
import {
  boundVolume,
  ownerOfVolume,
  type PausePlacement,
  pauseOptions,
  planVolumes,
  SAMPLE_CAPABILITIES,
  type SamplePlacement,
  sampleOptions,
  volumeOptions,
} from "./hardening.ts";

const runName = "airlock-0123abcd-4711-1z2-3y-deadbeef" as RunName;

const limits: DetonationLimits = {
  memoryBytes: 1 << 28,
  pids: 64,
  nanoCpus: 1_000_000_000,
  openFiles: 1024,
  diskBytes: 1 << 30,
  volumeBytes: 1 << 28,
  volumeInodes: 1000,
  shmBytes: 1 << 20,
  outputBytes: 1,
  captureBytes: 1,
  captureSnaplen: 1,
  traceBytes: 1,
  ringBytes: 1,
  droppedFileBytes: 1,
  droppedFilesBytes: 1,
  droppedFiles: 1,
};

const plan: DetonationPlan = {
  profile: "standard",
  entrypoint: { id: "main", argv: ["/app"], origin: "image" },
  env: ["A=1"],
  user: "1000",
  workdir: "/srv",
  hostname: "web-1",
  exposedPorts: [{ port: 80, protocol: "tcp" }],
  volumes: ["/data"],
  durationMs: 1000,
  stopSignal: "SIGTERM",
  stopGraceMs: 1000,
  limits,
};

const volumes = planVolumes(plan, [], runName);

const samplePlacement: SamplePlacement = {
  runName,
  image: `sha256:${"a".repeat(64)}`,
  cgroupParent: `/${runName}/sample`,
  volumes,
  hostCpus: 4,
  openFilesBound: 1_048_576,
};
const pausePlacement: PausePlacement = {
  runName,
  image: "airlock.local/pause:1",
  cgroupParent: `/${runName}/pause`,
  volumes,
  resolverAddress: "172.17.0.1",
  sampleAddress: "172.17.0.2",
};

/** Every setting that a container may get. One that is not here was not thought about. */
const ALLOWED_SETTINGS = [
  "name Image Labels Tty OpenStdin StdinOnce AttachStdin AttachStdout AttachStderr Healthcheck StopSignal HostConfig",
  "Entrypoint Cmd Env User WorkingDir Hostname",
].flatMap((names) => names.split(" "));
const ALLOWED_HOST_SETTINGS = [
  "CgroupParent CgroupnsMode Privileged CapDrop CapAdd SecurityOpt Binds Devices PublishAllPorts AutoRemove Init MaskedPaths ReadonlyPaths",
  "RestartPolicy LogConfig OomScoreAdj NetworkMode IpcMode ReadonlyRootfs Memory MemorySwap PidsLimit NanoCpus CpusetCpus",
  "Ulimits Mounts Dns ExtraHosts ShmSize",
].flatMap((names) => names.split(" "));

function expectHardened(options: ContainerCreateOptions): void {
  const { HostConfig: host = {}, ...settings } = options;
  expect(ALLOWED_SETTINGS).toEqual(expect.arrayContaining(Object.keys(settings)));
  expect(ALLOWED_HOST_SETTINGS).toEqual(expect.arrayContaining(Object.keys(host)));
  expect(options).toMatchObject({ Tty: false, OpenStdin: false, AttachStdin: false, Healthcheck: { Test: ["NONE"] } });
  expect(host).toMatchObject({
    Privileged: false,
    CapDrop: ["ALL"],
    Binds: [],
    Devices: [],
    PublishAllPorts: false,
    CgroupnsMode: "private",
    RestartPolicy: { Name: "no" },
    LogConfig: { Type: "none", Config: {} },
  });
  expect(host.SecurityOpt).toHaveLength(2);
  expect(host.SecurityOpt?.[0]).toBe("no-new-privileges");
  expect(host.SecurityOpt?.[1]).toMatch(/^seccomp=\{/);
  // No swap, and never 0 or -1, which mean no bound.
  expect(host.Memory).toBeGreaterThan(0);
  expect(host.MemorySwap).toBe(host.Memory);
  expect(host.PidsLimit).toBeGreaterThan(0);
  for (const mount of host.Mounts ?? []) {
    expect(mount).toMatchObject({
      Type: "volume",
      Source: expect.stringMatching(new RegExp(`^${runName}-volume-\\d+$`)),
    });
    expect(mount.VolumeOptions?.DriverConfig).toEqual({ Name: "local", Options: {} });
  }
}

test("pause has no capability, no network and a root that nobody writes to", () => {
  const options = pauseOptions(plan, pausePlacement);
  expectHardened(options);
  expect(options.HostConfig).toMatchObject({
    NetworkMode: "none",
    CapAdd: [],
    ReadonlyRootfs: true,
    ExtraHosts: ["web-1:172.17.0.2"],
  });
  expect(options.Entrypoint).toBeUndefined();
});

test("the sample lives in the namespaces of pause and has no capability beyond the list", () => {
  const options = sampleOptions(plan, samplePlacement);
  expectHardened(options);
  expect(options.HostConfig?.NetworkMode).toBe(`container:${runName}-pause`);
  expect(options.HostConfig?.IpcMode).toBe(`container:${runName}-pause`);
  expect(options.HostConfig?.CapAdd).toEqual([...SAMPLE_CAPABILITIES]);
  expect(SAMPLE_CAPABILITIES).toEqual([
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "SETUID",
    "SETGID",
    "KILL",
    "NET_BIND_SERVICE",
  ]);
});

/** Words that mean something to an engine, and anything else. */
const hostile = fc.oneof(
  fc.constantFrom("", "/", "..", "/../..", "host", "/:/host", "/proc", "/var/run/docker.sock", "seccomp=unconfined"),
  fc.constantFrom("container:other", "--privileged", "\n", "name=x,readonly", "/a:/b:rw", "__proto__", "0:0"),
  fc.string({ unit: "binary", maxLength: 30 }),
);

test("whatever an image says, nothing of the host gets into the options", () => {
  const texts = fc.array(hostile, { maxLength: 5 });
  fc.assert(
    fc.property(texts, texts, texts, hostile, hostile, (argv, env, paths, user, workdir) => {
      const entrypoint = { ...plan.entrypoint, argv: ["/app", ...argv] };
      const hostilePlan = { ...plan, entrypoint, env, user, workdir, volumes: paths };
      const planned = planVolumes(hostilePlan, paths, runName);
      const options = sampleOptions(hostilePlan, { ...samplePlacement, volumes: planned });
      expectHardened(options);
      // What is the image's own goes where it belongs, and nowhere else.
      const { Entrypoint, Env, User, WorkingDir, HostConfig, ...ours } = options;
      expect({ Entrypoint, Env, User, WorkingDir }).toEqual({
        Entrypoint: entrypoint.argv,
        Env: env,
        User: user,
        WorkingDir: workdir,
      });
      const { HostConfig: usualHost, ...usual } = sampleOptions(plan, samplePlacement);
      expect(ours).toEqual({ ...usual, Entrypoint: undefined, Env: undefined, User: undefined, WorkingDir: undefined });
      expect({ ...HostConfig, Mounts: [] }).toEqual({ ...usualHost, Mounts: [] });
    }),
  );
});

test("no bound is larger than the host can give", () => {
  const wish = { ...plan, limits: { ...limits, nanoCpus: 64_000_000_000, openFiles: 1 << 30 } };
  const { HostConfig } = sampleOptions(wish, { ...samplePlacement, hostCpus: 2, openFilesBound: 4096 });
  expect(HostConfig).toMatchObject({ NanoCpus: 2_000_000_000, CpusetCpus: "" });
  expect(HostConfig?.Ulimits).toContainEqual({ Name: "nofile", Soft: 4096, Hard: 4096 });
  expect(HostConfig?.Ulimits).toContainEqual({ Name: "core", Soft: 0, Hard: 0 });
});

test("two processors are shown, both of them there", () => {
  for (const run of ["00000000", "00000007", "ffffffff"]) {
    const placement = { ...samplePlacement, runName: `airlock-0123abcd-1-1-${run}` as RunName, hostCpus: 8 };
    const shown = sampleOptions(plan, placement).HostConfig?.CpusetCpus?.split(",").map(Number) ?? [];
    expect(shown).toHaveLength(2);
    for (const cpu of shown) expect(cpu).toBeLessThan(8);
  }
});

describe("volumes", () => {
  test("each has one spelling, and the root is none", () => {
    const paths = planVolumes(
      { ...plan, volumes: ["/data/", "//data", "/x/../data", "srv", "/", ""] },
      ["/data"],
      runName,
    );
    expect(paths.map(({ path }) => path)).toEqual(["/data", "/srv"]);
  });

  test("every path is absolute, clean, once, and held where the image can't point to", () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 10 }), (paths) => {
        const planned = planVolumes(plan, paths, runName);
        expect(new Set(planned.map(({ path }) => path)).size).toBe(planned.length);
        for (const [index, { path, heldAt, name }] of planned.entries()) {
          expect(path).toMatch(/^\/[^/]/);
          expect(path.split("/")).not.toContain("..");
          expect({ heldAt, name }).toEqual({ heldAt: `/volumes/${index}`, name: `${runName}-volume-${index}` });
        }
      }),
    );
  });

  test("their owner is read back from their name, and nobody else's is ours", () => {
    expect(ownerOfVolume(volumes[0]?.name ?? "")).toBe(runName);
    for (const name of ["data", "x-volume-1", `${runName}-volume-`, `${runName}-volumes-1`, `x${runName}-volume-1`]) {
      expect(ownerOfVolume(name)).toBeNull();
    }
  });

  test("an image with too many is refused", () => {
    const many = Array.from({ length: 65 }, (_, index) => `/v${index}`);
    expect(() => planVolumes({ ...plan, volumes: [] }, many, runName)).toThrow(
      expect.objectContaining({ code: "IMAGE_MALFORMED" }),
    );
    expect(planVolumes({ ...plan, volumes: [] }, many.slice(1), runName)).toHaveLength(64);
  });

  test("all together they hold no more than the disk bound", () => {
    expect(boundVolume(limits, 1)).toBe(limits.volumeBytes);
    for (const count of [1, 3, 10, 64])
      expect(boundVolume(limits, count) * count).toBeLessThanOrEqual(limits.diskBytes);
  });

  test("they live in memory, bounded, without devices and set-uid programs", () => {
    const [volume] = volumes;
    if (volume === undefined) throw new Error("no volume");
    const options = volumeOptions(plan, volume, runName);
    expect(options).toMatchObject({ Driver: "local", DriverOpts: { type: "tmpfs", device: "tmpfs" } });
    expect(options.DriverOpts?.["o"]).toBe("size=268435456,nr_inodes=1000,mode=0755,nosuid,nodev");
  });
});
