import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRunName } from "../run-name.ts";
import { type CaptureAccount, startCapture } from "./capture.ts";
import { uidOf } from "./child-program.ts";
import { PacketStream } from "./packet-stream.ts";
import { createSampleNetwork, type SampleNetwork } from "./sample-network.ts";
import { SampleStandIn } from "./sample-stand-in.ts";

const MARK_ETHERTYPE = 0x88b5;
let sample: SampleStandIn;
let network: SampleNetwork;
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-test-"));
  path = join(folder, "capture.pcap");
  sample = await SampleStandIn.start();
  network = await createSampleNetwork({ runName: createRunName(), pausePid: sample.pid });
});
afterAll(async () => {
  await network.dispose();
  await sample.stop();
  await rm(folder, { recursive: true });
});

/** Frames in the file, which must be whole. */
async function frames(account: CaptureAccount): Promise<Buffer[]> {
  const bytes = await readFile(path);
  expect(bytes.length).toBe(account.bytes);
  const found: Buffer[] = [];
  let read = 24;
  const stream = new PacketStream({
    header: (header) => expect(header.readUInt32LE(20)).toBe(1),
    packet: (packet, data) => {
      read += packet.length;
      found.push(data);
    },
  });
  stream.read(bytes);
  expect(read).toBe(bytes.length);
  expect(found).toHaveLength(account.packets);
  expect(found.filter((frame) => frame.readUInt16BE(12) === MARK_ETHERTYPE)).toEqual([]);
  return found;
}

/** Sends numbered datagrams, as fast as they go, and ends at once. */
const burst = (count: number, bytes: number) =>
  sample.run(
    `const socket = dgram.createSocket("udp4");
     await Promise.all(Array.from({ length: ${count} }, (_, i) => new Promise((sent) =>
       socket.send(Buffer.from("number " + i + ".".padEnd(${bytes}, "x")), 6000, "203.0.113.1", sent))));
     return null;`,
  );

const numbers = (found: readonly Buffer[]) =>
  found.flatMap((frame) => /number (\d+)\./.exec(frame.toString("latin1"))?.[1] ?? []).map(Number);

describe("a capture", () => {
  it("holds every packet from its start to its stop, none of them ours", async () => {
    const capture = await startCapture({ network, path, maxBytes: 10_000_000, snaplen: 65_535 });
    expect(capture.alive).toBe(true);
    await burst(300, 100);
    const account = await capture.stop();
    expect(capture.alive).toBe(false);
    expect(account).toMatchObject({ droppedByKernel: 0, truncated: false });
    expect(numbers(await frames(account))).toEqual(Array.from({ length: 300 }, (_, index) => index));
    expect(await capture.stop()).toEqual(account);
  });

  it("ends at its bound with whole packets, says so, and is not dead", async () => {
    const capture = await startCapture({ network, path, maxBytes: 20_000, snaplen: 65_535 });
    await burst(100, 500);
    expect(capture.alive).toBe(true);
    const account = await capture.stop();
    expect(account).toMatchObject({ truncated: true });
    expect(account.bytes).toBeLessThanOrEqual(20_000);
    expect(numbers(await frames(account))).toEqual(
      Array.from({ length: numbers(await frames(account)).length }, (_, i) => i),
    );
  });

  it("keeps no more of a packet than asked for", async () => {
    const capture = await startCapture({ network, path, maxBytes: 1_000_000, snaplen: 128 });
    await burst(5, 1000);
    const found = await frames(await capture.stop());
    expect(numbers(found)).toHaveLength(5);
    for (const frame of found) expect(frame.length).toBeLessThanOrEqual(128);
  });

  it("shows that tcpdump died, and counts as truncated then", async () => {
    const capture = await startCapture({ network, path, maxBytes: 1_000_000, snaplen: 1500 });
    await burst(5, 10);
    const tcpdump = readdirSync("/proc").find((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return status.startsWith("Name:\ttcpdump\n") && status.includes(`\nUid:\t${uidOf(network.runName)}\t`);
    });
    process.kill(Number(tcpdump), "SIGKILL");
    await expect.poll(() => capture.alive).toBe(false);
    const account = await capture.stop();
    expect(account.truncated).toBe(true);
    expect(numbers(await frames(account))).toHaveLength(5);
  });

  it("fails with its code when the file can't be made, or the namespace is gone", async () => {
    const options = { network, path: "/proc/none/capture.pcap", maxBytes: 1000, snaplen: 100 };
    await expect(startCapture(options)).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
    const gone = { ...network, sinkNamespace: "airlock-none" };
    await expect(startCapture({ ...options, path, network: gone })).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
  });
});
