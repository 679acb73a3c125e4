import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { SinkRecord, type SinkRecordOf } from "@airlock/contracts";
import { nativeProgram, SYSTEM_ENVIRONMENT } from "./native-program.ts";

const CODE_MS = 30_000;

/** For tests: a process in namespaces of its own in place of a pause container, and code run on its network like a sample's. */
export class SampleStandIn {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(hostname = "payments-1"): Promise<SampleStandIn> {
    const script = `hostname ${hostname} && exec "$0"`;
    const options = { stdio: "ignore", env: SYSTEM_ENVIRONMENT } as const;
    const child = spawn("/usr/bin/unshare", ["--net", "--uts", "sh", "-c", script, nativeProgram("pause")], options);
    const standIn = new SampleStandIn(child);
    while (readlinkSync(`/proc/${standIn.pid}/exe`) !== nativeProgram("pause")) await sleep(2);
    return standIn;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Runs a body of an async function in Node on the sample's network; what it returns must be JSON. */
  async run<T>(body: string): Promise<T> {
    const code = `${CLIENT}\n(async () => {${body}\n})().then((value) => {
      process.stdout.write(JSON.stringify(value ?? null), () => process.exit(0)); });`;
    const { stdout } = await promisify(execFile)(
      "nsenter",
      ["--target", String(this.pid), "--net", "--", process.execPath, "-e", code],
      { env: { ...SYSTEM_ENVIRONMENT, NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" }, timeout: CODE_MS },
    );
    return JSON.parse(stdout) as T;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    if (this.#process.exitCode === null && this.#process.signalCode === null) await ended;
  }
}

/** For tests: a sinkhole's log. Every line must be as the contract says. */
export async function readSinkLog(path: string): Promise<SinkRecord[]> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.map((line) => SinkRecord.parse(JSON.parse(line)));
}

export function ofKind<K extends SinkRecord["kind"]>(all: readonly SinkRecord[], kind: K): SinkRecordOf<K>[] {
  return all.filter((record): record is SinkRecordOf<K> => record.kind === kind);
}

/** What code on the sample's side may call. */
const CLIENT = `
const net = require("node:net"), http = require("node:http"), tls = require("node:tls"), dgram = require("node:dgram");
const dns = require("node:dns").promises;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** What comes back within ms, or until the other side ends; null when the connection fails. */
const exchange = (host, port, text, ms = 3000) => new Promise((resolve) => {
  let got = "";
  const socket = net.connect(port, host, () => text && socket.write(text));
  const done = () => { socket.destroy(); resolve(got); };
  const timer = setTimeout(done, ms);
  socket.on("data", (chunk) => { got += chunk.toString("latin1"); });
  socket.on("end", done);
  socket.on("error", () => { clearTimeout(timer); resolve(null); });
});
/** One datagram, and the answer with its sender, or null. */
const datagram = (host, port, bytes, ms = 1000) => new Promise((resolve) => {
  const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
  const done = (value) => { socket.close(); resolve(value); };
  const timer = setTimeout(() => done(null), ms);
  socket.on("error", () => { clearTimeout(timer); done(null); });
  socket.on("message", (message, from) => {
    clearTimeout(timer);
    done({ from: from.address, port: from.port, text: message.toString("latin1") });
  });
  socket.send(bytes, port, host);
});
const request = (options, body) => new Promise((resolve, reject) => {
  const sent = (options.tls ? require("node:https") : http).request({ agent: false, ...options }, (response) => {
    let text = "";
    response.setEncoding("latin1").on("data", (chunk) => { text += chunk; });
    response.on("end", () => resolve({ status: response.statusCode, type: response.headers["content-type"], text }));
  });
  sent.on("error", reject);
  sent.end(body);
});
`;
