import type { EventOf, TraceRecord } from "@airlock/contracts";
import { describeResult, isDenied } from "./decode-tables/errno.ts";
import { FAMILY, familyName, SOCKET_TYPE, socketTypeName } from "./decode-tables/socket-names.ts";
import type { EventDraft } from "./event-log.ts";
import type { EventContext } from "./file-events.ts";
import { canonicalIp } from "./ip-address.ts";
import { describeActor } from "./process-events.ts";
import { addressKey, destinationFields, type Protocol, protocolOf, sourceFields } from "./socket-facts.ts";

type SocketRecord = Extract<TraceRecord, { kind: "socket-call" }>;
type ConnectionDraft = EventDraft<"network_connection">;

/** What ties a process to traffic on the wire: a call that named the far end. */
export interface SocketTie {
  readonly time: bigint;
  readonly process: string;
  readonly protocol: Protocol;
  readonly kind: "connect" | "send" | "accept";
  readonly remoteIp: string;
  readonly remotePort: number;
  /** Null where the kernel had not chosen one, or the record does not say. */
  readonly localPort: number | null;
  readonly draft: ConnectionDraft | undefined;
}

export interface SocketEvents {
  add(record: SocketRecord): void;
  ties(): readonly SocketTie[];
  collapsed(): number;
}

export interface ExposedPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/** Linux' default `ip_local_port_range`: what a bind to port 0 gives, as resolvers do. */
const FIRST_EPHEMERAL_PORT = 32_768;
const LAST_EPHEMERAL_PORT = 60_999;

/** Turns socket calls into connections and listeners, whether or not the wire ever saw them. */
export function createSocketEvents(context: EventContext, exposedPorts: readonly ExposedPort[]): SocketEvents {
  const { log, table } = context;
  const ties: SocketTie[] = [];
  /** Last connection by process and far end: non-blocking connects ask again, datagrams go out in series. */
  const connections = new Map<string, ConnectionDraft>();
  const listeners = new Set<string>();
  let collapsed = 0;

  return { add, ties: () => ties, collapsed: () => collapsed };

  function add(record: SocketRecord): void {
    switch (record.operation) {
      case "connect":
      case "send":
        addOutgoing(record, record.operation);
        return;
      case "accept":
        addAccepted(record);
        return;
      case "bind":
        addBound(record);
        return;
      case "listen":
        addListener(record);
        return;
      case "socket":
        addSocketCall(record);
        return;
      default:
        record.operation satisfies never;
    }
  }

  function addOutgoing(record: SocketRecord, kind: "connect" | "send"): void {
    const { remote } = record;
    // Connecting to AF_UNSPEC takes a datagram socket's address away again; resolvers do it all the time.
    if (remote === undefined || (remote.family === "other" && remote.number === FAMILY.unspecified)) return;
    const protocol = protocolOf(record.socket);
    const key = `${record.task.key} ${protocol} ${addressKey(record.local)} ${addressKey(remote)}`;
    const earlier = connections.get(key);
    if (earlier !== undefined && continues(earlier, record, kind)) {
      collapsed += 1;
      tie(record, protocol, kind, earlier);
      return;
    }
    const draft = log.add<"network_connection">({
      time: record.time,
      category: "network_connection",
      process: record.task.key,
      fields: {
        ...outcome(record),
        Protocol: protocol,
        Initiated: true,
        ...sourceFields(record.local),
        ...destinationFields(remote),
        BytesSent: kind === "send" ? sentBytes(record) : undefined,
      },
    });
    if (draft !== undefined) connections.set(key, draft);
    tie(record, protocol, kind, draft);
  }

  function addAccepted(record: SocketRecord): void {
    // A failed accept is a server that waits: EAGAIN, and no peer.
    if (record.remote === undefined || record.result < 0) return;
    const protocol = protocolOf(record.socket);
    const draft = log.add<"network_connection">({
      time: record.time,
      category: "network_connection",
      process: record.task.key,
      fields: {
        ...outcome(record),
        Protocol: protocol,
        Initiated: false,
        ...sourceFields(record.remote),
        ...(record.local === undefined ? {} : destinationFields(record.local)),
      },
    });
    tie(record, protocol, "accept", draft);
  }

  /** A datagram socket listens once it is bound; a stream's bind is news only when it fails. */
  function addBound(record: SocketRecord): void {
    const protocol = protocolOf(record.socket);
    if (protocol === "other" || protocol === "raw" || protocol === "icmp") {
      addSocketCall(record);
      return;
    }
    const isStream = (record.socket.type & SOCKET_TYPE.mask) !== SOCKET_TYPE.datagram;
    if (isStream && record.result >= 0) return;
    addListener(record);
  }

  function addListener(record: SocketRecord): void {
    const protocol = protocolOf(record.socket);
    const key = `${record.task.key} ${protocol} ${record.result} ${addressKey(record.local)}`;
    if (listeners.has(key)) {
      collapsed += 1;
      return;
    }
    const { local } = record;
    const port = local !== undefined && "port" in local ? local.port : undefined;
    const listening = protocol === "tcp" || protocol === "udp" || protocol === "unix" ? protocol : "other";
    const draft = log.add<"network_listen">({
      time: record.time,
      category: "network_listen",
      process: record.task.key,
      fields: {
        ...outcome(record),
        Protocol: listening,
        LocalIp: local !== undefined && "address" in local ? canonicalIp(local.address) : undefined,
        LocalPort: port,
        LocalPath: local?.family === "unix" ? local.path : undefined,
        Exposed: port === undefined ? undefined : isExposed(port, listening),
      },
    });
    if (draft !== undefined) listeners.add(key);
  }

  /** Sockets of families and types that ordinary programs have no use for: packet, netlink audit, AF_ALG, raw. */
  function addSocketCall(record: SocketRecord): void {
    const { socket } = record;
    log.add<"syscall">({
      time: record.time,
      category: "syscall",
      process: record.task.key,
      fields: {
        ...outcome(record),
        SyscallName: record.syscall,
        Arguments: [familyName(socket.family), socketTypeName(socket.type), String(socket.protocol)],
        Compat: record.compat ? true : undefined,
        ReturnValue: record.result,
      },
    });
  }

  function outcome(record: SocketRecord): Pick<EventOf<"syscall">["fields"], "Result" | "Denied" | "Image"> {
    return {
      ...describeActor(table, record.task, record.time),
      Result: describeResult(record.result),
      Denied: isDenied(record.result, record.blocked) ? true : undefined,
    };
  }

  function tie(
    record: SocketRecord,
    protocol: Protocol,
    kind: SocketTie["kind"],
    draft: ConnectionDraft | undefined,
  ): void {
    const { remote, local } = record;
    if (remote === undefined || !("address" in remote)) return;
    const localPort = local !== undefined && "port" in local && local.port !== 0 ? local.port : null;
    // The same call on the same socket says nothing new about who owns a port.
    if (kind === "send" && localPort !== null && draft !== undefined && draft.time !== record.time) return;
    ties.push({
      time: record.time,
      process: record.task.key,
      protocol,
      kind,
      remoteIp: canonicalIp(remote.address),
      remotePort: remote.port,
      localPort,
      draft,
    });
  }

  /** A datagram port that the kernel may have chosen is most likely a client's: whether it ought to be declared is not known. */
  function isExposed(port: number, protocol: string): boolean | undefined {
    if (exposedPorts.some((exposed) => exposed.port === port && exposed.protocol === protocol)) return true;
    return protocol === "udp" && port >= FIRST_EPHEMERAL_PORT && port <= LAST_EPHEMERAL_PORT ? undefined : false;
  }
}

/** Whether this call belongs to a connection that has its event already; brings that up to date. */
function continues(earlier: ConnectionDraft, record: SocketRecord, kind: "connect" | "send"): boolean {
  const result = describeResult(record.result);
  if (kind === "send") {
    if (earlier.fields.Result !== result) return false;
    const sent = sentBytes(record);
    if (sent !== undefined) earlier.fields.BytesSent = (earlier.fields.BytesSent ?? 0) + sent;
    return true;
  }
  const isPending = earlier.fields.Result === "EINPROGRESS" || earlier.fields.Result === "EALREADY";
  if (!isPending || (result !== "EISCONN" && result !== "EALREADY")) return false;
  if (result === "EISCONN") earlier.fields.Result = "ok";
  return true;
}

/** The length asked for is the sample's own number; what the kernel took can't be more. */
function sentBytes(record: SocketRecord): number | undefined {
  return record.result < 0 ? undefined : Math.min(record.bytes ?? record.result, record.result);
}
