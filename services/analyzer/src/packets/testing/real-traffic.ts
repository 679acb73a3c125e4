import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRunName } from "@airlock/sandbox";

/** Two private namespaces joined by a veth pair: programs talk in `sample`, servers and tcpdump live in `sink`. */
export interface RealTraffic {
  readonly folder: string;
  readonly capture: string;
  /** Runs a program to its end in the sample's namespace; its standard output. Its exit status does not matter. */
  run(argv: readonly string[], input?: string): Promise<string>;
  /** Starts a program in the sink namespace that lives until `finish` or `close`. */
  serve(argv: readonly string[]): ChildProcess;
  /** Ends the capture once the packet that holds `marker` is in the file. */
  finish(marker: string): Promise<void>;
  close(): Promise<void>;
}

const DEADLINE_MS = 20_000;

export async function openRealTraffic(): Promise<RealTraffic> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-traffic-"));
  const capture = join(folder, "capture.pcap");
  const [sample, sink] = [`${createRunName()}-a`, `${createRunName()}-b`];
  const children: ChildProcess[] = [];
  const start = (namespace: string, argv: readonly string[]) => {
    const child = launch(["ip", "netns", "exec", namespace, ...argv]);
    child.stdin.on("error", () => {});
    children.push(child);
    return child;
  };
  const close = async () => {
    for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
    for (const name of [sample, sink]) await runIp(["netns", "del", name]).catch(() => {});
    await rm(folder, { recursive: true });
  };
  try {
    await joinNamespaces(sample, sink);
    // As in a real run: every packet at once, and as root, since the folder is.
    const tcpdump = start(sink, [
      ..."tcpdump -i eth0 -U --immediate-mode -B 65536 -s 262144 -Z root -w".split(" "),
      capture,
    ]);
    let said = "";
    tcpdump.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await waitForText(tcpdump, "listening on");
    return {
      folder,
      capture,
      run: async (argv, input = "") => await readOutput(start(sample, argv), input),
      serve: (argv) => start(sink, argv),
      finish: async (marker) => {
        await waitUntil(async () => (await readFile(capture)).includes(marker));
        tcpdump.kill("SIGINT");
        if (tcpdump.exitCode === null) await once(tcpdump, "close");
        // A packet that this capture lost would look like one that the decoder lost.
        const dropped = /(\d+) packets dropped by kernel/.exec(said)?.[1];
        if (dropped !== "0") throw new Error(`tcpdump lost packets: ${said}`);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** 10.99.0.2 and fd99::2 are the sample's, 10.99.0.1 and fd99::1 the sink's. */
async function joinNamespaces(sample: string, sink: string): Promise<void> {
  await runIp(["netns", "add", sample]);
  await runIp(["netns", "add", sink]);
  await runIp(`-n ${sample} link add eth0 type veth peer name eth0 netns ${sink}`.split(" "));
  for (const [name, host] of [
    [sample, 2],
    [sink, 1],
  ]) {
    for (const line of [
      "link set lo up",
      `addr add 10.99.0.${host}/24 dev eth0`,
      `addr add fd99::${host}/64 dev eth0 nodad`,
      "link set eth0 up",
    ]) {
      await runIp(["-n", String(name), ...line.split(" ")]);
    }
  }
}

function launch([program = "", ...rest]: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"] });
}

async function runIp(argv: readonly string[]): Promise<void> {
  const child = launch(["ip", ...argv]);
  child.stdout.resume();
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`ip ${argv.join(" ")}: ${complaint}`);
}

async function readOutput(child: ChildProcess, input: string): Promise<string> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stdin?.end(input);
  await once(child, "close");
  return output;
}

async function waitForText(child: ChildProcess, text: string): Promise<void> {
  let seen = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await waitUntil(() => Promise.resolve(seen.includes(text)));
}

export async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("waited too long");
    await sleep(20);
  }
}

/** Writes a program for Node into the folder and gives the words that run it. */
export async function writeProgram(traffic: RealTraffic, name: string, source: string): Promise<string[]> {
  const path = join(traffic.folder, name);
  await writeFile(path, source);
  return [process.execPath, path];
}
