import { readdirSync } from "node:fs";
import { z } from "zod";
import { ownerOfCgroup } from "../cgroup.ts";
import { allRoots, findCgroupTrees, listFolders } from "../cgroup-tree.ts";
import { askEngine, connectEngine, type Engine } from "../docker/engine.ts";
import { RUN_LABEL } from "../docker/hardening.ts";
import { ownerOfReference } from "../docker/images.ts";
import { isOwnerAlive, parseRunName, type RunName } from "../run-name.ts";
import { type Check, type CheckOutcome, ok, warn } from "./check.ts";
import { judgeSpace } from "./host-checks.ts";
import { judgeRunc } from "./runc-version.ts";
import { isOlder } from "./version.ts";

/** Oldest engine that this was tried with. */
const OLDEST_ENGINE = "20.10";

/** What the container engine must offer, and what dead runs left in and around it. */
export function listEngineChecks(): Check[] {
  // One connection for all; a check that comes first and fails makes the others be skipped.
  const connection = connectOnce();
  return [
    { name: "engine", look: async () => judgeEngine(await connection()) },
    { name: "runtime", needs: ["engine"], look: async () => judgeRunc(await readRuncVersion(await connection())) },
    { name: "engine storage", needs: ["engine"], look: async () => judgeSpace((await connection()).facts.rootFolder) },
    { name: "leftovers", needs: ["engine"], look: async () => lookAtLeftovers(await connection()) },
  ];
}

function connectOnce(): () => Promise<Engine> {
  let connecting: Promise<Engine> | null = null;
  return () => {
    connecting ??= connectEngine();
    return connecting;
  };
}

function judgeEngine({ facts }: Engine): CheckOutcome {
  const measured = `Docker ${facts.version} on our own kernel, cgroup driver ${facts.cgroupDriver}, runtime ${facts.runtime}`;
  return isOlder(facts.version, OLDEST_ENGINE)
    ? warn(measured, `Update the engine; ${OLDEST_ENGINE} is the oldest one tried.`)
    : ok(measured);
}

const Version = z.object({
  Components: z
    .array(z.object({ Name: z.string(), Version: z.string(), Details: z.record(z.string(), z.unknown()).nullish() }))
    .nullish(),
});

/** Distributions write their own fixes' number where upstream has a commit; empty when the engine doesn't say. */
async function readRuncVersion(engine: Engine): Promise<string> {
  const answer = Version.safeParse(await askEngine("tell its version", () => engine.docker.version()));
  const runc = answer.data?.Components?.find((component) => component.Name === "runc");
  const packaged = runc?.Details?.["GitCommit"];
  return typeof packaged === "string" && /^\d+\.\d+\.\d+/.test(packaged) ? packaged : (runc?.Version ?? "");
}

async function lookAtLeftovers(engine: Engine): Promise<CheckOutcome> {
  const owners = {
    containers: await listContainerOwners(engine),
    images: await listImageOwners(engine),
    "network namespaces": listNames("/run/netns").map(parseRunName),
    "control groups": allRoots(findCgroupTrees()).flatMap(listFolders).map(ownerOfCgroup),
  };
  const left = Object.entries(owners)
    .map(([kind, names]) => ({ kind, count: names.filter(isDead).length }))
    .filter(({ count }) => count > 0);
  return left.length === 0
    ? ok("nothing is left of dead runs")
    : warn(
        `left of dead runs: ${left.map(({ kind, count }) => `${count} ${kind}`).join(", ")}`,
        "The next analysis removes them.",
      );
}

async function listContainerOwners(engine: Engine): Promise<(RunName | null)[]> {
  const filters = { label: [RUN_LABEL] };
  const containers = await askEngine("list containers", () => engine.docker.listContainers({ all: true, filters }));
  return containers.map((container) => parseRunName(container.Labels[RUN_LABEL] ?? ""));
}

async function listImageOwners(engine: Engine): Promise<(RunName | null)[]> {
  const images = await askEngine("list images", () => engine.docker.listImages());
  return images.flatMap((image) => image.RepoTags ?? []).map(ownerOfReference);
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isDead(owner: RunName | null): boolean {
  return owner !== null && !isOwnerAlive(owner);
}
