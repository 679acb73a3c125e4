import type { DetonationPlan } from "@airlock/contracts";
import type Docker from "dockerode";
import type { RunName } from "../run-name.ts";
import { askEngine, settleAll, statusOf } from "./engine.ts";
import { type SampleVolume, volumeOptions } from "./hardening.ts";

/** Makes the run's volumes. Each lives in memory for as long as a container holds it. */
export async function createVolumes(
  docker: Docker,
  plan: DetonationPlan,
  volumes: readonly SampleVolume[],
  runName: RunName,
): Promise<void> {
  await settleAll(
    volumes.map((volume) =>
      askEngine("create a volume", () => docker.createVolume(volumeOptions(plan, volume, runName, volumes.length))),
    ),
  );
}

export async function removeVolumes(docker: Docker, volumes: readonly SampleVolume[]): Promise<void> {
  await settleAll(volumes.map(({ name }) => removeVolume(docker, name)));
}

/** Removes a volume; no error when it is gone. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  await askEngine("remove a volume", () => docker.getVolume(name).remove()).catch((error: unknown) => {
    if (statusOf(error) !== 404) throw error;
  });
}
