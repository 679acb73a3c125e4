import { setTimeout as sleep } from "node:timers/promises";
import { Fault } from "@airlock/contracts";
import type Docker from "dockerode";
import { parseRunName, type RunName } from "../run-name.ts";
import { askEngine, settleAll, statusOf } from "./engine.ts";
import { type ContainerRole, containerName, ownerOfVolume, RUN_LABEL } from "./hardening.ts";

const REMOVAL_MS = 20_000;
const POLL_MS = 20;

/** Removes both containers of a run, running or not; no error when they are gone. */
export async function removeRunContainers(docker: Docker, runName: RunName): Promise<void> {
  await settleAll([removeRunContainer(docker, runName, "sample"), removeRunContainer(docker, runName, "pause")]);
}

/**
 * Removes one container of a run with anything the engine made for it. By name: a label can be any image's, and a stranger's
 * container with a forged one must not be taken for ours.
 */
export async function removeRunContainer(docker: Docker, runName: RunName, role: ContainerRole): Promise<void> {
  const container = docker.getContainer(containerName(runName, role));
  try {
    await askEngine("remove a container", () => container.remove({ force: true, v: true }));
  } catch (error) {
    if (statusOf(error) === 404) return;
    if (statusOf(error) !== 409) throw error;
    // Its removal is already under way, by another reaper: what it holds is free when that is done.
    await waitUntilGone(container);
  }
}

async function waitUntilGone(container: Docker.Container): Promise<void> {
  for (const until = performance.now() + REMOVAL_MS; performance.now() < until; await sleep(POLL_MS)) {
    try {
      await askEngine("describe a container", () => container.inspect());
    } catch (error) {
      if (statusOf(error) === 404) return;
      throw error;
    }
  }
  throw new Fault("TEARDOWN_FAILED", "a container that is being removed stays");
}

/**
 * Runs that have containers or volumes in this engine, whoever owns them. A container counts as ours by label and name both,
 * for an image can carry any label.
 */
export async function listEngineRuns(docker: Docker): Promise<{ run: RunName; volumes: string[] }[]> {
  const [containers, volumes] = await Promise.all([
    askEngine("list containers", () => docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } })),
    askEngine("list volumes", () => docker.listVolumes()),
  ]);
  const runs = new Map<RunName, string[]>();
  for (const { Labels, Names } of containers) {
    const run = parseRunName(Labels[RUN_LABEL] ?? "");
    if (run !== null && Names.some((name) => name.startsWith(`/${run}-`))) runs.set(run, runs.get(run) ?? []);
  }
  for (const { Name } of volumes.Volumes ?? []) {
    const run = ownerOfVolume(Name);
    if (run !== null) runs.set(run, [...(runs.get(run) ?? []), Name]);
  }
  return [...runs].map(([run, names]) => ({ run, volumes: names }));
}
