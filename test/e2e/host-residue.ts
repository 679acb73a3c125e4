import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectEngine } from "@airlock/sandbox";

const run = promisify(execFile);

/** Everything on this host that runs of Airlock make, by kind. Two equal snapshots mean that nothing was left in between. */
export type HostSnapshot = Readonly<Record<string, readonly string[]>>;

export async function takeSnapshot(): Promise<HostSnapshot> {
  const { docker } = await connectEngine();
  const [containers, volumes, images] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listImages(),
  ]);
  return {
    containers: containers.flatMap(({ Names }) => Names).toSorted(),
    volumes: (volumes.Volumes ?? []).map(({ Name }) => Name).toSorted(),
    images: images.flatMap(({ RepoTags }) => RepoTags ?? []).toSorted(),
    networkNamespaces: await list("/run/netns"),
    networkLinks: (await run("ip", ["-o", "link"])).stdout
      .split("\n")
      .map((line) => line.split(": ")[1] ?? "")
      .toSorted(),
    cgroups: await listCgroups(),
    bpfPrograms: await listBpf("prog"),
    bpfMaps: await listBpf("map"),
    processes: await listProcesses(),
    mounts: (await readFile("/proc/self/mounts", "utf8"))
      .split("\n")
      .filter((line) => /airlock|netns/.test(line))
      .toSorted(),
    temporaryFolders: await list(join(tmpdir(), "airlock")),
  };
}

async function list(folder: string): Promise<string[]> {
  const names: string[] = await readdir(folder).catch(() => []);
  return names.toSorted();
}

/** First two levels of every hierarchy: runs have a folder of their own right below the root. */
async function listCgroups(): Promise<string[]> {
  const { stdout } = await run("find", ["/sys/fs/cgroup", "-maxdepth", "3", "-type", "d", "-name", "*airlock*"]);
  return stdout.split("\n").filter(Boolean).toSorted();
}

/** Names only: ids rise for ever. */
async function listBpf(kind: "prog" | "map"): Promise<string[]> {
  const { stdout } = await run("bpftool", ["--json", kind, "list"], { maxBuffer: 16 * 1024 * 1024 });
  return (JSON.parse(stdout) as { name?: string; type: string }[])
    .map(({ name, type }) => `${type}:${name ?? ""}`)
    .toSorted();
}

/** Processes of a run, told by their program: they carry no name of ours. */
async function listProcesses(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const program = await readlink(`/proc/${pid}/exe`).catch(() => "");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (/airlock-tracer|tcpdump|\/native\/build\/|^\/pause/.test(program) || /sinkhole\/main/.test(command)) {
      found.push(`${program} ${command.replaceAll("\0", " ").trim()}`);
    }
  }
  return found.toSorted();
}

/** What is in `after` and was not in `before`, by kind; empty kinds left out. */
export function findResidue(before: HostSnapshot, after: HostSnapshot): Record<string, string[]> {
  const residue: Record<string, string[]> = {};
  for (const [kind, entries] of Object.entries(after)) {
    const known = [...(before[kind] ?? [])];
    const left = entries.filter((entry) => {
      const at = known.indexOf(entry);
      if (at === -1) return true;
      known.splice(at, 1);
      return false;
    });
    if (left.length > 0) residue[kind] = left;
  }
  return residue;
}
