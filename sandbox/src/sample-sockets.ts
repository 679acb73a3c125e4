import { readFileSync } from "node:fs";

/** The sample's network sockets that lead to the world outside, by inode number. */
export interface SampleSockets {
  readonly listening: ReadonlySet<string>;
  readonly connected: ReadonlySet<string>;
}

const TCP_ESTABLISHED = "01";
const TCP_LISTEN = "0A";
/** How the kernel shows an unconnected UDP socket. */
const UDP_UNCONNECTED = "07";

/**
 * Reads the sockets of the network namespace that a thread (its folder in /proc) lives in; all of a sample share the one. Left
 * out is what ends inside the sample: unix sockets, and connections to itself. Nothing can come in there from outside.
 */
export function readSockets(thread: string | undefined): SampleSockets {
  if (thread === undefined) return { listening: new Set(), connected: new Set() };
  const rows = ["tcp", "tcp6", "udp", "udp6"].flatMap((protocol) => readTable(thread, protocol));
  const own = new Set(rows.map(({ local }) => local));
  const isOutside = (address: string) => !own.has(address) && !isLoopback(address);
  return {
    listening: new Set(rows.filter(isListener).map(({ inode }) => inode)),
    connected: new Set(
      rows.filter(({ state, remote }) => state === TCP_ESTABLISHED && isOutside(remote)).map(({ inode }) => inode),
    ),
  };
}

interface Row {
  readonly protocol: string;
  /** Addresses as the kernel prints them: hex, each 32 bits in the order of this machine. */
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly inode: string;
}

function isListener({ protocol, state }: Row): boolean {
  return state === TCP_LISTEN || (protocol.startsWith("udp") && state === UDP_UNCONNECTED);
}

/** 127/8, also as a mapped IPv6 address, `::1`, and the zero address, which connects to this host. */
function isLoopback(address: string): boolean {
  const last = address.slice(-8);
  if (/^0*$/.test(address) || address === "00000000000000000000000001000000") return true;
  return (address.length === 8 || address.startsWith("0000000000000000FFFF0000")) && last.endsWith("7F");
}

function readTable(thread: string, protocol: string): Row[] {
  let text: string;
  try {
    text = readFileSync(`${thread}/net/${protocol}`, "utf8");
  } catch {
    // No IPv6 here, or the thread has gone: without sockets, nothing is excused.
    return [];
  }
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", remote = "", state = "", , , , , , inode] = line.trim().split(/\s+/);
      if (inode === undefined) return [];
      return [{ protocol, local: addressOf(local), remote: addressOf(remote), state, inode }];
    });
}

function addressOf(endpoint: string): string {
  return endpoint.split(":")[0] ?? "";
}
