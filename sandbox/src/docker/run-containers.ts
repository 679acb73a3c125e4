import type Docker from "dockerode";
import { parseRunName, type RunName } from "../run-name.ts";
import { askEngine, statusOf } from "./engine.ts";
import { RUN_LABEL } from "./hardening.ts";

/** Removes both containers of a run, running or not, with anything the engine made for them; no error when they are gone. */
export async function removeRunContainers(docker: Docker, runName: RunName): Promise<void> {
  const containers = await askEngine("list containers", () =>
    docker.listContainers({ all: true, filters: { label: [`${RUN_LABEL}=${runName}`] } }),
  );
  await Promise.all(containers.map(({ Id }) => removeContainer(docker, Id)));
}

/** 409: its removal is already under way, by us or by another reaper. */
async function removeContainer(docker: Docker, id: string): Promise<void> {
  await askEngine("remove a container", () => docker.getContainer(id).remove({ force: true, v: true })).catch(
    (error: unknown) => {
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    },
  );
}

/**
 * Runs that have containers or volumes in this engine, whoever owns them. A container counts as ours by label and name both,
 * for an image can carry any label.
 */
export async function listEngineRuns(docker: Docker): Promise<{ run: RunName; volumes: string[] }[]> {
  const [containers, volumes] = await Promise.all([
    askEngine("list containers", () => docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } })),
    askEngine("list volumes", () => docker.listVolumes({ filters: { label: [RUN_LABEL] } })),
  ]);
  const runs = new Map<RunName, string[]>();
  for (const { Labels, Names } of containers) {
    const run = parseRunName(Labels[RUN_LABEL] ?? "");
    if (run !== null && Names.some((name) => name.startsWith(`/${run}-`))) runs.set(run, runs.get(run) ?? []);
  }
  for (const { Labels, Name } of volumes.Volumes ?? []) {
    const run = parseRunName(Labels[RUN_LABEL] ?? "");
    if (run !== null && Name.startsWith(`${run}-`)) runs.set(run, [...(runs.get(run) ?? []), Name]);
  }
  return [...runs].map(([run, names]) => ({ run, volumes: names }));
}
