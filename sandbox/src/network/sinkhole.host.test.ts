import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRunName } from "../run-name.ts";
import { uidOf } from "./child-program.ts";
import { createSampleNetwork, type SampleNetwork } from "./sample-network.ts";
import { ofKind, readSinkLog, SampleStandIn } from "./sample-stand-in.ts";
import { type Sinkhole, type SinkholeOptions, startSinkhole } from "./sinkhole.ts";

let sample: SampleStandIn;
let network: SampleNetwork;
let folder: string;
let logPath: string;
let running: Sinkhole | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-test-"));
  logPath = join(folder, "sink.ndjson");
  sample = await SampleStandIn.start();
  network = await createSampleNetwork({ runName: createRunName(), pausePid: sample.pid });
});
/** A failed test must not keep the ports from the next one. */
afterEach(() => running?.stop());
afterAll(async () => {
  await network.dispose();
  await sample.stop();
  await rm(folder, { recursive: true });
});

describe("the sinkhole", () => {
  it("has no rights, no environment and nothing of the host to see", async () => {
    const sinkhole = await start({ exposedPorts: [] });
    const uid = uidOf(network.runName);
    const own = readdirSync("/proc").filter(
      (pid) => /^\d+$/.test(pid) && status(pid, "Uid") === `${uid}\t${uid}\t${uid}\t${uid}`,
    );
    const programs = own.map((pid) => ({
      pid,
      name: status(pid, "Name"),
      capabilities: BigInt(`0x${status(pid, "CapPrm")}`),
      bounding: BigInt(`0x${status(pid, "CapBnd")}`),
      locked: status(pid, "NoNewPrivs"),
      groups: status(pid, "Groups").trim(),
    }));
    const rawOnly = 1n << 13n;
    expect(programs).toEqual([
      expect.objectContaining({
        name: "sink-sockets",
        capabilities: rawOnly,
        bounding: rawOnly,
        locked: "1",
        groups: "",
      }),
      expect.objectContaining({ name: "node", capabilities: 0n, bounding: 0n, locked: "1", groups: "" }),
    ]);
    for (const { pid } of programs) {
      const root = readdirSync(`/proc/${pid}/root`);
      for (const hidden of ["home", "root", "proc", "sys", "run", "var", "tmp"]) {
        // Our own code may live below one of these, and then its path alone is there.
        if (root.includes(hidden)) expect(import.meta.filename.startsWith(`/${hidden}/`)).toBe(true);
      }
      expect(readdirSync(`/proc/${pid}/root/etc`)).toEqual(["ld.so.cache"]);
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
    }
    expect(readFileSync(`/proc/${programs[1]?.pid}/environ`, "utf8")).toBe("");
    await sinkhole.stop();
  });

  it("asks exposed ports once something listens there", async () => {
    const sinkhole = await start({
      exposedPorts: [
        { port: 8080, protocol: "tcp" },
        { port: 53, protocol: "udp" },
      ],
    });
    const asked = sample.run<string[]>(
      `const seen = [];
       await sleep(400);
       http.createServer((q, a) => { seen.push(q.method + " " + q.url); a.end("hello"); }).listen(8080);
       for (let i = 0; i < 100 && seen.length === 0; i++) await sleep(50);
       await sleep(100);
       return seen;`,
    );
    sinkhole.stimulate();
    sinkhole.stimulate();
    expect(await asked).toEqual(["GET /"]);
    await sinkhole.stop();
    const probes = ofKind(await readSinkLog(logPath), "probe");
    expect(probes).toMatchObject([
      { connected: true, destinationIp: "172.17.0.2", destinationPort: 8080, sourceIp: "172.17.0.1", error: "" },
    ]);
    expect(Buffer.from(probes[0]?.first ?? "", "base64").toString()).toContain("hello");
  });

  it("keeps its log within the bound and says what is missing", async () => {
    const sinkhole = await start({ exposedPorts: [], logBytes: 20_000 });
    await sample.run(
      `for (let i = 0; i < 200; i++) await exchange("192.0.2.1", 80, "GET /" + "a".repeat(900) + " HTTP/1.0\\r\\n\\r\\n");`,
    );
    const stopped = await sinkhole.stop();
    const all = await readSinkLog(logPath);
    expect(stopped).toEqual({ requests: 400, logTruncated: true });
    expect((await readFile(logPath)).length).toBeLessThanOrEqual(20_000);
    expect(all.at(-1)).toMatchObject({ kind: "account", requests: 400, unwritten: 400 - (all.length - 1) });
  });

  it("shows that it died, and what it had logged counts as truncated", async () => {
    const sinkhole = await start({ exposedPorts: [] });
    await sample.run('return exchange("192.0.2.1", 80, "GET / HTTP/1.0\\r\\n\\r\\n");');
    const uid = String(uidOf(network.runName));
    const relay = readdirSync("/proc").find((pid) => /^\d+$/.test(pid) && isRelay(pid, uid));
    process.kill(Number(relay), "SIGKILL");
    await expect.poll(() => sinkhole.alive).toBe(false);
    const stopped = await sinkhole.stop();
    expect(stopped.logTruncated).toBe(true);
    expect(stopped.requests).toBeGreaterThanOrEqual(1);
  });

  it("fails with its code when the log can't be written", async () => {
    const options = { network, logPath: "/proc/none/sink.ndjson", logBytes: 1000, exposedPorts: [] };
    await expect(startSinkhole(options)).rejects.toMatchObject({ code: "SINK_FAILED" });
  });
});

async function start(options: { exposedPorts: SinkholeOptions["exposedPorts"]; logBytes?: number }): Promise<Sinkhole> {
  running = await startSinkhole({ network, logPath, logBytes: 1_000_000, ...options });
  return running;
}

function status(pid: string, field: string): string {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    return new RegExp(`^${field}:\t(.*)$`, "m").exec(text)?.[1] ?? "";
  } catch {
    return "";
  }
}

function isRelay(pid: string, uid: string): boolean {
  return status(pid, "Name") === "sink-sockets" && status(pid, "Uid").startsWith(`${uid}\t`);
}
