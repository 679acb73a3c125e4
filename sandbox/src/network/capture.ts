import { randomBytes } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { toFault } from "@airlock/contracts";
import { SINK_LINK } from "./addresses.ts";
import { ChildProgram, uidOf, within } from "./child-program.ts";
import { PacketStream } from "./packet-stream.ts";
import type { SampleNetwork } from "./sample-network.ts";

const TCPDUMP = "/usr/bin/tcpdump";
const START_MS = 10_000;
const FLUSH_MS = 5000;
const END_MS = 3000;
/** Of the kernel's ring; it holds what a burst brings before tcpdump is scheduled. */
const RING_KIB = 32_768;
const MARK_BYTES = 16;
/** Ethernet header in front of a mark, see native/run-capture.c. */
const MARK_AT = 14;
const MARK_ETHERTYPE = 0x88b5;
/** A mark that comes too early is lost, so it is sent again. */
const MARK_EVERY_MS = 10;

export interface CaptureOptions {
  readonly network: SampleNetwork;
  /** Made or emptied; classic pcap, microseconds, Ethernet. */
  readonly path: string;
  /** Of the file; the capture ends before the packet that would exceed it. */
  readonly maxBytes: number;
  /** Bytes kept of each packet. */
  readonly snaplen: number;
}

export interface CaptureAccount {
  readonly bytes: number;
  readonly packets: number;
  /** Lost for lack of room in the kernel's ring. */
  readonly droppedByKernel: number;
  /** The file does not hold all packets to the end: byte bound, death of tcpdump, or packets in flight that never came. */
  readonly truncated: boolean;
}

export interface Capture {
  /** False once tcpdump has died by itself. True after the byte bound was reached: that end was ours. */
  readonly alive: boolean;
  /**
   * Ends the capture after all packets so far have been written. Rejects (CAPTURE_FAILED) only if the file could not be
   * written; a dead tcpdump is a truncated capture. May be called twice.
   */
  stop(): Promise<CaptureAccount>;
}

/**
 * Captures everything on the link between sample and sink. Resolves once a packet of ours has come through the capture and been
 * recognised (it is not in the file), so that none of the sample's is missed. Throws CAPTURE_FAILED, and then nothing runs.
 */
export async function startCapture(options: CaptureOptions): Promise<Capture> {
  let capture: TcpdumpCapture | undefined;
  try {
    capture = new TcpdumpCapture(options);
    await within(START_MS, "the capture's start", capture.passMark());
    return capture;
  } catch (error) {
    await capture?.abort();
    throw toFault(error, "CAPTURE_FAILED", `the capture did not start (${capture?.lastWords ?? ""})`);
  }
}

class TcpdumpCapture implements Capture {
  readonly #child: ChildProgram;
  readonly #file: number;
  readonly #maxBytes: number;
  readonly #marks = new Map<string, () => void>();
  #pending: Buffer[] = [];
  #bytes = 0;
  #packets = 0;
  #full = false;
  #failure: unknown;
  #stopped: Promise<CaptureAccount> | undefined;

  constructor(options: CaptureOptions) {
    this.#maxBytes = options.maxBytes;
    this.#file = openSync(options.path, "w", 0o600);
    this.#child = new ChildProgram("run-capture", programArguments(options), ["pipe", "pipe", "pipe"]);
    this.#child.process.stdin?.on("error", () => undefined);
    const stream = new PacketStream({
      header: (bytes) => this.#append(bytes),
      packet: (bytes, data) => this.#takePacket(bytes, data),
    });
    this.#child.process.stdout?.on("data", (chunk: Buffer) => {
      this.#guard(() => {
        stream.read(chunk);
        this.#write();
      });
    });
  }

  get alive(): boolean {
    return this.#full || (this.#child.alive && this.#failure === undefined);
  }

  get lastWords(): string {
    return this.#child.stderr.trim().split("\n").at(-1) ?? "";
  }

  /** Sends a mark along the link and waits for it to come out of the capture: all that was before it has come out too. */
  async passMark(): Promise<void> {
    const mark = randomBytes(MARK_BYTES);
    const { stdin } = this.#child.process;
    const send = () => stdin?.writable && stdin.write(mark);
    const seen = new Promise<void>((resolve) => this.#marks.set(mark.toString("hex"), resolve));
    const timer = setInterval(send, MARK_EVERY_MS);
    try {
      send();
      await Promise.race([seen, this.#child.exited.then(() => Promise.reject(new Error("tcpdump ended")))]);
    } finally {
      clearInterval(timer);
    }
  }

  stop(): Promise<CaptureAccount> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async abort(): Promise<void> {
    await this.#child.end(0);
    closeSync(this.#file);
  }

  async #stop(): Promise<CaptureAccount> {
    const wasAlive = this.alive;
    const flushed = this.#full ? false : await this.#flush();
    this.#child.process.stdin?.end();
    await this.#child.end(END_MS);
    closeSync(this.#file);
    if (this.#failure !== undefined) throw toFault(this.#failure, "CAPTURE_FAILED", "the capture could not be written");
    const dropped = countDropped(this.#child.stderr);
    return {
      bytes: this.#bytes,
      packets: this.#packets,
      droppedByKernel: dropped ?? 0,
      truncated: this.#full || !wasAlive || !flushed || dropped === null,
    };
  }

  #flush(): Promise<boolean> {
    return within(FLUSH_MS, "the last packets", this.passMark()).then(
      () => true,
      () => false,
    );
  }

  #takePacket(bytes: Buffer, data: Buffer): void {
    if (data.length >= MARK_AT + MARK_BYTES && data.readUInt16BE(12) === MARK_ETHERTYPE) {
      const found = this.#marks.get(data.toString("hex", MARK_AT, MARK_AT + MARK_BYTES));
      found?.();
      if (found) return;
    }
    if (this.#full) return;
    if (this.#bytes + bytes.length > this.#maxBytes) {
      this.#full = true;
      this.#child.process.stdin?.end();
      return;
    }
    this.#append(bytes);
    this.#packets++;
  }

  #append(bytes: Buffer): void {
    this.#pending.push(bytes);
    this.#bytes += bytes.length;
  }

  /** All packets of a chunk at once: a write for each would make us too slow for a flood. */
  #write(): void {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    let done = 0;
    while (done < bytes.length) done += writeSync(this.#file, bytes, done);
  }

  /** A failed write or a broken stream ends the capture; `stop` reports it. */
  #guard(step: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      step();
    } catch (error) {
      this.#failure = error;
      this.#child.process.stdin?.end();
    }
  }
}

/**
 * `--immediate-mode`: otherwise the kernel hands packets over in blocks, up to a second late. `-Z` is not needed, for tcpdump
 * never is root.
 */
function programArguments({ network, snaplen }: CaptureOptions): string[] {
  return [
    `/run/netns/${network.sinkNamespace}`,
    String(uidOf(network.runName)),
    String(process.pid),
    SINK_LINK,
    TCPDUMP,
    "-n",
    "-p",
    "-U",
    "--immediate-mode",
    "--time-stamp-precision=micro",
    `--interface=${SINK_LINK}`,
    `--buffer-size=${RING_KIB}`,
    `--snapshot-length=${snaplen}`,
    "-w",
    "-",
  ];
}

/** tcpdump's closing line; null when it is missing, since then nothing is known about losses. */
function countDropped(stderr: string): number | null {
  const count = /^(\d+) packets? dropped by kernel$/m.exec(stderr)?.[1];
  return count === undefined ? null : Number(count);
}
