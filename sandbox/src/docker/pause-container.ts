import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type DetonationPlan, Fault } from "@airlock/contracts";
import type Docker from "dockerode";
import { nativeProgram } from "../network/native-program.ts";
import { askEngine, createContainer } from "./engine.ts";
import { type PausePlacement, pauseOptions } from "./hardening.ts";
import { buildImage } from "./image-archive.ts";
import type { EngineImages } from "./images.ts";

/** The container that owns a run's network and IPC namespaces and holds its volumes. Runs our own binary only. */
export interface PauseContainer {
  readonly container: Docker.Container;
  /** On this host: the proof that the engine's containers live under our kernel. */
  readonly pid: number;
  /** Whether its process is still there, so that what it holds can be reached by its id. */
  readonly isAlive: () => boolean;
  /** Its hard limit on open files, which is the engine's. */
  readonly openFiles: number;
  /** Host paths of the engine's own files that the sample sees in /etc, by name there. */
  readonly etcFiles: Readonly<Record<string, string>>;
}

/**
 * Name of the pause image, loaded if the engine has it not. It is named by the content of its one file and stays in the
 * engine: a few kilobytes that spare every run a load.
 */
export async function ensurePauseImage(images: EngineImages): Promise<string> {
  const content = readFileSync(nativeProgram("pause"));
  const reference = `airlock.local/pause:${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
  if ((await images.inspect(reference)) === null) {
    const layer = [{ path: "pause", content }, { path: "volumes" }, { path: "dev" }];
    await buildImage(images, { reference, layers: [layer], config: { Entrypoint: ["/pause"] } });
  }
  return reference;
}

/** Creates and starts it. Throws ENGINE_FOREIGN_KERNEL when its process isn't one of this host. */
export async function startPause(
  docker: Docker,
  plan: DetonationPlan,
  placement: PausePlacement,
): Promise<PauseContainer> {
  const container = await askEngine("create the pause container", () =>
    createContainer(docker, pauseOptions(plan, placement)),
  );
  await askEngine("start the pause container", () => container.start());
  const state = await askEngine("describe the pause container", () => container.inspect());
  const pid = state.State.Pid;
  const isAlive = () => isIn(pid, placement.cgroupParent);
  if (!isAlive()) {
    throw new Fault("ENGINE_FOREIGN_KERNEL", "the engine's containers are no processes of this host", {
      hint: "Run Airlock on the engine's own host and in its pid namespace.",
    });
  }
  return {
    container,
    pid,
    isAlive,
    openFiles: readOpenFiles(pid),
    etcFiles: { hosts: state.HostsPath, hostname: state.HostnamePath, "resolv.conf": state.ResolvConfPath },
  };
}

/**
 * By its control group, which carries the run's name: its program is not yet pause's own when the engine says that it has
 * started, and a process id alone may be another's by now, whose root would be the host's.
 */
function isIn(pid: number, cgroupParent: string): boolean {
  try {
    return pid > 1 && readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(cgroupParent);
  } catch {
    return false;
  }
}

function readOpenFiles(pid: number): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1];
  return hard === undefined ? Number.MAX_SAFE_INTEGER : Number(hard);
}
