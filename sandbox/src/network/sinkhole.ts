import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type DetonationPlan, Fault, toFault } from "@airlock/contracts";
import { z } from "zod";
import { SAMPLE_IPV4, SAMPLE_IPV6, SINK_IPV4, SINK_LINK, SINK_PORT } from "./addresses.ts";
import { ChildProgram, uidOf, within } from "./child-program.ts";
import { nativeProgram, SYSTEM_ENVIRONMENT } from "./native-program.ts";
import type { SampleNetwork } from "./sample-network.ts";
import type { SinkCommand, SinkSettings } from "./sinkhole/settings.ts";

const START_MS = 15_000;
const STOP_MS = 5000;
const MAX_LINE = 65_536;
/** The log ends itself well below; should that ever fail, the kernel ends the process here (RLIMIT_FSIZE). */
const FILE_SLACK = 1_048_576;
/** Outside every range that names get, on a port where no server speaks first. */
const PROBED = ["198.51.100.1", "2001:db8::1", "7"] as const;

const Message = z.discriminatedUnion("event", [
  z.strictObject({ event: z.literal("listening") }),
  z.strictObject({
    event: z.literal("stopped"),
    requests: z.number().int().nonnegative(),
    logTruncated: z.boolean(),
  }),
]);
type Message = z.infer<typeof Message>;

export interface SinkholeOptions {
  readonly network: SampleNetwork;
  /** Made or emptied; NDJSON of `SinkRecord`. */
  readonly logPath: string;
  readonly logBytes: number;
  readonly exposedPorts: DetonationPlan["exposedPorts"];
}

export interface Sinkhole {
  /** False once its process has ended, whatever the reason. */
  readonly alive: boolean;
  /**
   * Asks every exposed TCP port of the sample for `/`, so that a server has something to answer; tries for half a minute.
   * Returns at once; what came of it is in the log.
   */
  stimulate(): void;
  /**
   * Closes the log and ends the process. Never rejects: a sinkhole that died before gives the lines it wrote, and a log that is
   * truncated since its account is missing. May be called twice.
   */
  stop(): Promise<{ requests: number; logTruncated: boolean }>;
}

/**
 * Starts the sinkhole of a run and proves it from the sample's side, over IPv4 and IPv6, TCP and UDP, before it resolves. Start
 * it before the capture, and the proof is not in there. Throws SINK_FAILED, and then nothing is left.
 */
export async function startSinkhole(options: SinkholeOptions): Promise<Sinkhole> {
  const probe = `airlock ${randomBytes(16).toString("hex")}\n`;
  let log: FileHandle | undefined;
  let process: SinkholeProcess | undefined;
  try {
    log = await open(options.logPath, "w", 0o600);
    process = new SinkholeProcess(options, log.fd, probe);
    await within(START_MS, "the sinkhole's start", proveListening(process, options.network, probe));
    return process;
  } catch (error) {
    await process?.abort();
    throw toFault(error, "SINK_FAILED", "the sinkhole did not start");
  } finally {
    await log?.close();
  }
}

async function proveListening(sinkhole: SinkholeProcess, network: SampleNetwork, probe: string): Promise<void> {
  await sinkhole.listening;
  const parameters = [`/proc/${network.pausePid}/ns/net`, String(process.pid), probe, ...PROBED];
  await promisify(execFile)(nativeProgram("probe-path"), parameters, {
    env: SYSTEM_ENVIRONMENT,
    timeout: START_MS,
  });
}

class SinkholeProcess implements Sinkhole {
  /** Rejects when the process ends before. */
  readonly listening: Promise<void>;
  readonly #child: ChildProgram;
  readonly #logPath: string;
  readonly #waiting = new Map<Message["event"], (message: Message) => void>();
  #stopped: Promise<{ requests: number; logTruncated: boolean }> | undefined;

  constructor(options: SinkholeOptions, log: number, probe: string) {
    this.#logPath = options.logPath;
    this.#child = new ChildProgram("sink-sockets", programArguments(options, probe), ["pipe", "pipe", "pipe", log]);
    this.listening = this.#awaitListening();
    this.listening.catch(() => undefined);
    this.#readMessages();
  }

  get alive(): boolean {
    return this.#child.alive;
  }

  stimulate(): void {
    this.#command("stimulate");
  }

  stop(): Promise<{ requests: number; logTruncated: boolean }> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async abort(): Promise<void> {
    await this.#child.end(0);
  }

  async #awaitListening(): Promise<void> {
    const message = await this.#message("listening");
    if (message === null) throw new Fault("SINK_FAILED", `its process ended: ${this.#child.stderr.trim()}`);
  }

  async #stop(): Promise<{ requests: number; logTruncated: boolean }> {
    const answer = within(STOP_MS, "the sinkhole's end", this.#message("stopped")).catch(() => null);
    this.#command("stop");
    const message = await answer;
    this.#child.process.stdin?.end();
    await this.#child.end(message === null ? 0 : STOP_MS);
    if (message?.event === "stopped") return { requests: message.requests, logTruncated: message.logTruncated };
    const lines = (await readFile(this.#logPath, "latin1").catch(() => "")).split("\n").length - 1;
    return { requests: lines, logTruncated: true };
  }

  #command(command: SinkCommand): void {
    if (this.alive) this.#child.process.stdin?.write(`${command}\n`);
  }

  /** The next message of that kind, or null when the process ends before. */
  #message(event: Message["event"]): Promise<Message | null> {
    const said = new Promise<Message>((resolve) => this.#waiting.set(event, resolve));
    return Promise.race([said, this.#child.exited.then(() => null)]);
  }

  /** The process handles hostile data, so what it says is checked like any input; a broken line ends it. */
  #readMessages(): void {
    let text = "";
    this.#child.process.stdin?.on("error", () => undefined);
    this.#child.process.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      const messages = lines.map((line) => Message.safeParse(parseJson(line)));
      for (const { data } of messages) if (data) this.#waiting.get(data.event)?.(data);
      if (text.length > MAX_LINE || messages.some((message) => !message.success)) void this.abort();
    });
  }
}

function programArguments(options: SinkholeOptions, probe: string): string[] {
  const { network, logBytes, exposedPorts } = options;
  const code = fileURLToPath(new URL("../../dist/network/sinkhole/", import.meta.url));
  const node = realpathSync(process.execPath);
  const program = nativeProgram("harmless");
  const settings: SinkSettings = {
    logBytes,
    hostname: network.hostname,
    sampleAddresses: [SAMPLE_IPV4, SAMPLE_IPV6],
    sinkAddress: SINK_IPV4,
    exposedPorts: exposedPorts.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port),
    program,
    probe,
  };
  return [
    `/run/netns/${network.sinkNamespace}`,
    String(uidOf(network.runName)),
    String(process.pid),
    String(SINK_PORT),
    SINK_LINK,
    String(logBytes + FILE_SLACK),
    ...shownPaths([node, code, packageFile(), program]),
    "--",
    node,
    "--max-old-space-size=192",
    `${code}main.js`,
    JSON.stringify(settings),
  ];
}

/** Says that the code is of ECMAScript modules. */
function packageFile(): string {
  return fileURLToPath(new URL("../../package.json", import.meta.url));
}

/** All of the host's files that the sinkhole can see: programs and libraries, for Node may be linked to some, and its own code. */
function shownPaths(own: readonly string[]): string[] {
  const system = ["/usr", "/lib", "/lib64", "/etc/ld.so.cache"].filter((path) => existsSync(path));
  return [...system, ...own.filter((path) => !path.startsWith("/usr/"))];
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
