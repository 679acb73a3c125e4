import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRunName, isOwnerAlive, parseRunName, type RunName } from "../run-name.ts";
import { uidOf } from "./child-program.ts";
import { createSampleNetwork, reapNetworks } from "./sample-network.ts";
import { SampleStandIn } from "./sample-stand-in.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const namespaces = () => (existsSync("/run/netns") ? readdirSync("/run/netns") : []);
const hostLinks = () => readdirSync("/sys/class/net");
/** Pids of the programs that a run's user id owns; dead ones that process 1 has yet to collect don't count. */
const programsOf = (name: RunName) =>
  readdirSync("/proc").filter((pid) => {
    try {
      const status = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
      return status.includes(`\nUid:\t${uidOf(name)}\t`) && !status.includes("\nState:\tZ");
    } catch {
      return false;
    }
  });

describe("a sample's network", () => {
  let sample: SampleStandIn;
  beforeAll(async () => {
    sample = await SampleStandIn.start();
  });
  afterAll(() => sample.stop());

  it("gives the sample both families, a route and nothing of the host, and leaves nothing behind", async () => {
    const before = hostLinks();
    const runName = createRunName();
    const network = await createSampleNetwork({ runName, pausePid: sample.pid });
    expect(network).toMatchObject({ sinkNamespace: runName, hostname: "payments-1" });
    expect(namespaces()).toContain(runName);
    expect(hostLinks()).toEqual(before);
    const seen = await sample.run<string[]>(
      'return Object.values(require("node:os").networkInterfaces()).flat().map((a) => a.address);',
    );
    expect(seen).toEqual(expect.arrayContaining(["127.0.0.1", "::1", ...network.sampleAddresses]));

    await network.dispose();
    await network.dispose();
    expect(namespaces()).not.toContain(runName);
    // The link goes with the namespace, on a kernel thread.
    await expect
      .poll(() => sample.run<string[]>('return Object.keys(require("node:os").networkInterfaces());'))
      .toEqual(["lo"]);
    expect(hostLinks()).toEqual(before);
  });

  it("reaches no listener of the host at any of its addresses", async () => {
    const network = await createSampleNetwork({ runName: createRunName(), pausePid: sample.pid });
    let hits = 0;
    const tcp = createServer((socket) => {
      hits++;
      socket.destroy();
    });
    const udp = createSocket({ type: "udp6", ipv6Only: false });
    udp.on("message", () => hits++);
    try {
      await new Promise<void>((resolve) => tcp.listen(0, "::", resolve));
      const address = tcp.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      await new Promise<void>((resolve) => udp.bind(port, "::", resolve));
      const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      const targets = ["127.0.0.1", "::1", "172.17.0.1", "169.254.169.254", ...own.map((entry) => entry.address)];
      await sample.run(
        `for (const host of ${JSON.stringify(targets)}) {
          await exchange(host, ${port}, "x", 100);
          await datagram(host, ${port}, "x", 50);
        }`,
      );
      expect(hits).toBe(0);
      // The listeners do work.
      await new Promise((resolve) => createSocket("udp4").send("x", port, "127.0.0.1", resolve));
      await expect.poll(() => hits).toBe(1);
    } finally {
      tcp.close();
      udp.close();
      await network.dispose();
    }
  });

  it("fails with its code when there is no such process, and leaves no namespace", async () => {
    const runName = createRunName();
    await expect(createSampleNetwork({ runName, pausePid: 2 ** 22 + 1 })).rejects.toMatchObject({
      code: "NETWORK_FAILED",
    });
    expect(namespaces()).not.toContain(runName);
  });
});

describe("runs side by side", () => {
  it("use the same addresses and do not meet", async () => {
    const samples = await Promise.all([1, 2, 3].map(() => SampleStandIn.start()));
    const networks = await Promise.all(
      samples.map(({ pid }) => createSampleNetwork({ runName: createRunName(), pausePid: pid })),
    );
    expect(new Set(networks.map((network) => network.sampleAddresses[0])).size).toBe(1);
    const answers = await Promise.all(
      samples.map((sample, index) =>
        sample.run<string>(
          `const server = net.createServer((s) => s.end("${index}")).listen(7000, "172.17.0.2");
           await sleep(300);
           return exchange("172.17.0.2", 7000, "");`,
        ),
      ),
    );
    expect(answers).toEqual(["0", "1", "2"]);
    await Promise.all(networks.map((network) => network.dispose()));
    await Promise.all(samples.map((sample) => sample.stop()));
    for (const network of networks) expect(namespaces()).not.toContain(network.runName);
  });
});

describe("an owner that is killed", () => {
  it("takes its programs with it, and the next one removes its namespace but not a living neighbour's", async () => {
    const folder = await mkdtemp(join(tmpdir(), "airlock-test-"));
    const samples = await Promise.all([SampleStandIn.start(), SampleStandIn.start()]);
    const living = await createSampleNetwork({ runName: createRunName(), pausePid: samples[0]?.pid ?? 0 });
    const owner = spawn(process.execPath, ["--input-type=module", "-e", ownerCode(samples[1]?.pid ?? 0, folder)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said = await new Promise<string>((resolve) => owner.stdout.once("data", (text) => resolve(String(text))));
    const dead = parseRunName(said.trim());
    if (dead === null) throw new Error(`no run name: ${said}`);
    expect(programsOf(dead)).toHaveLength(4);

    owner.kill("SIGKILL");
    await new Promise((resolve) => owner.once("exit", resolve));
    await expect.poll(() => programsOf(dead)).toEqual([]);
    expect(namespaces()).toContain(dead);
    expect(await reapNetworks((name) => !isOwnerAlive(name))).toContain(dead);
    expect(namespaces()).not.toContain(dead);
    expect(namespaces()).toContain(living.runName);

    await living.dispose();
    await Promise.all(samples.map((sample) => sample.stop()));
    await rm(folder, { recursive: true });
  });
});

/** A process of its own, for parent death signals: network, sinkhole and capture, then it says its run's name and waits. */
function ownerCode(pausePid: number, folder: string): string {
  return `
    const { createRunName } = await import("${DIST}run-name.js");
    const { createSampleNetwork } = await import("${DIST}network/sample-network.js");
    const { startSinkhole } = await import("${DIST}network/sinkhole.js");
    const { startCapture } = await import("${DIST}network/capture.js");
    const runName = createRunName();
    const network = await createSampleNetwork({ runName, pausePid: ${pausePid} });
    await startSinkhole({ network, logPath: "${folder}/sink.ndjson", logBytes: 100000, exposedPorts: [] });
    await startCapture({ network, path: "${folder}/capture.pcap", maxBytes: 100000, snaplen: 1500 });
    console.log(runName);
    setInterval(() => {}, 1000);
  `;
}
