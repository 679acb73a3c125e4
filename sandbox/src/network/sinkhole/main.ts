import { readFileSync } from "node:fs";
import { createServer, Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { BOUNDS } from "./bounds.ts";
import { DatagramReader } from "./datagram.ts";
import { DnsService } from "./dns-service.ts";
import { NameBook } from "./name-book.ts";
import { PortProber } from "./port-prober.ts";
import { HANDLES, type SinkSettings } from "./settings.ts";
import { SinkLog } from "./sink-log.ts";
import { TcpService } from "./tcp-service.ts";
import { UdpService } from "./udp-service.ts";

/**
 * The sinkhole's own process: no rights, no environment, a root that shows little more than this folder. Everything that it
 * reads off the network is hostile. It ends when its starter closes standard input, and with status 1 when it can no longer
 * do its work, so that its death is seen.
 */
const settings = JSON.parse(process.argv[2] ?? "") as SinkSettings;
const log = new SinkLog(HANDLES.log, settings.logBytes);
const dns = new DnsService(new NameBook(settings.hostname, settings.sampleAddresses), log);
const prober = new PortProber(log, {
  address: settings.sampleAddresses[0],
  from: settings.sinkAddress,
  ports: settings.exposedPorts,
});
const tcp = new TcpService({ log, dns, program: readFileSync(settings.program), probe: settings.probe });
const relay = new Socket({ fd: HANDLES.datagrams, readable: true, writable: true });
const udp = new UdpService({ log, dns, probe: settings.probe, send: reply });

receiveDatagrams();
surviveDefects();
await Promise.all([listen(HANDLES.tcp4), listen(HANDLES.tcp6)]);
obeyCommands();
say({ event: "listening" });

function listen(fd: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => tcp.accept(socket));
  server.on("error", giveUp);
  return new Promise((resolve) => server.listen({ fd }, resolve));
}

function receiveDatagrams(): void {
  const reader = new DatagramReader();
  relay.on("data", (chunk: Buffer) => {
    const datagrams = reader.read(chunk);
    if (datagrams === null) giveUp(new Error("the datagram relay's stream is broken"));
    for (const datagram of datagrams ?? []) udp.receive(datagram);
  });
  relay.on("error", giveUp);
  relay.on("close", () => giveUp(new Error("the datagram relay ended")));
  setInterval(() => udp.sweep(), 1000).unref();
}

/** A flood of questions must not fill our memory with answers that the relay has no time for. */
function reply(frame: Buffer): void {
  if (relay.writableLength > BOUNDS.waitingReplyBytes) log.count("droppedDatagrams");
  else relay.write(frame);
}

function obeyCommands(): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    if (line === "stimulate") prober.start();
    if (line === "stop") void stop();
  });
  lines.on("close", () => process.exit(0));
}

/** What the sample sent last may still be on its way through relay and event loop, and closing has lines of its own. */
async function stop(): Promise<void> {
  await sleep(BOUNDS.settleMs);
  prober.stop();
  tcp.stop();
  udp.stop();
  await sleep(BOUNDS.settleMs);
  log.close();
  say({ event: "stopped", requests: log.requests, logTruncated: log.truncated });
}

/** A parser's defect must not blind the whole sensor: it is counted, and shows in the account. A full disk is no such thing. */
function surviveDefects(): void {
  process.on("uncaughtException", (error: NodeJS.ErrnoException) => {
    if (error.syscall === "write" && error.code !== "EPIPE" && error.code !== "ECONNRESET") giveUp(error);
    log.count("failures");
    process.stderr.write(`${error.stack ?? error.message}\n`);
  });
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function giveUp(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
