import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Fault } from "@airlock/contracts";
import { SYSTEM_ENVIRONMENT } from "../network/native-program.ts";
import { createSampleNetwork, type SampleNetwork } from "../network/sample-network.ts";
import { startSinkhole } from "../network/sinkhole.ts";
import { createRunName, type RunName } from "../run-name.ts";
import { type CheckOutcome, fail, ok } from "./check.ts";

const run = promisify(execFile);
/** Ends in `.test`, which is reserved: no real resolver knows it. */
const PROBE_NAME = "doctor.airlock.test";
const DEADLINE_MS = 20_000;
/** Longer than everything here may take together. */
const STAND_IN_SECONDS = 120;

/**
 * Builds the network of a sample between two scratch namespaces, starts a sinkhole in it, resolves a name from the sample's
 * side, and takes all of it down again. The sinkhole's own start proves TCP and UDP over IPv4 and IPv6.
 */
export async function lookAtSink(): Promise<CheckOutcome> {
  const runName = createRunName();
  const standIn = await startStandIn();
  try {
    const network = await createSampleNetwork({ runName, pausePid: standIn.pid });
    try {
      return await resolveThroughSink(runName, network);
    } finally {
      await network.dispose();
    }
  } finally {
    await standIn.end();
  }
}

/** A process with a network of its own in place of a container's; dies with us. */
async function startStandIn(): Promise<{ pid: number; end(): Promise<void> }> {
  const line = ["--pdeathsig", "KILL", "unshare", "--net", "--uts", "sleep", String(STAND_IN_SECONDS)];
  const child = spawn("setpriv", line, { env: SYSTEM_ENVIRONMENT, stdio: "ignore", detached: true });
  const exited = once(child, "exit");
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  await waitForNamespace(pid);
  return {
    pid,
    end: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Until the kernel shows a namespace that isn't ours, the process is still on its way there. */
async function waitForNamespace(pid: number): Promise<void> {
  const ours = await readlink("/proc/self/ns/net");
  for (let waited = 0; waited < DEADLINE_MS; waited += 5) {
    const theirs = await readlink(`/proc/${pid}/ns/net`).catch(() => {
      throw new Fault("NETWORK_FAILED", "a network namespace can't be made", {
        hint: "Allow CLONE_NEWNET: run as root and outside a restricted container.",
      });
    });
    if (theirs !== ours) return;
    await sleep(5);
  }
  throw new Fault("NETWORK_FAILED", "a network namespace could not be made in time");
}

async function resolveThroughSink(runName: RunName, network: SampleNetwork): Promise<CheckOutcome> {
  const folder = join(tmpdir(), runName);
  await mkdir(folder, { mode: 0o700 });
  try {
    const logPath = join(folder, "sink.ndjson");
    const sinkhole = await startSinkhole({ network, logPath, logBytes: 1 << 20, exposedPorts: [] });
    try {
      const address = await resolveFromSample(network);
      return address === null
        ? fail(
            `the sink did not resolve ${PROBE_NAME}`,
            "See whether a firewall of the host touches new network namespaces.",
          )
        : ok(`sample network and sinkhole work; ${PROBE_NAME} is ${address} there; TCP and UDP, IPv4 and IPv6`);
    } finally {
      await sinkhole.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function resolveFromSample(network: SampleNetwork): Promise<string | null> {
  const line = ["--target", String(network.pausePid), "--net", "/bin/busybox", "nslookup", PROBE_NAME];
  const options = { env: SYSTEM_ENVIRONMENT, timeout: DEADLINE_MS };
  const { stdout } = await run("nsenter", [...line, network.resolverAddress], options);
  // The resolver's own address comes first, the answer after the name.
  return /Name:\s+\S+\s+Address[^:]*:\s+([0-9a-f.:]+)/.exec(stdout)?.[1] ?? null;
}
