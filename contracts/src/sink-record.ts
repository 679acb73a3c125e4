import { z } from "zod";

/**
 * One line of `sink.ndjson`: what the sinkhole was asked and what it answered. All text and bytes are the sample's, hence
 * hostile; each field was cut to a bound when it was written, and `account` says what else was cut or left out.
 */

const count = z.number().int().nonnegative();
const port = z.number().int().min(0).max(65535);
/** First bytes, base64, cut to a bound: the true number is in `bytesIn` or `bodyBytes`. */
const bytes = z.base64();

const base = {
  /** Unix time in nanoseconds, as text since it exceeds a double. Of the beginning: accept, datagram or request. */
  time: z.string().regex(/^\d{1,20}$/),
};

const flow = {
  ...base,
  protocol: z.enum(["tcp", "udp"]),
  /** Number of the connection in this run, the same on every line about it; 0 for datagrams. */
  connection: count,
  sourceIp: z.string(),
  sourcePort: port,
  /** What the sample asked for, whatever answered. */
  destinationIp: z.string(),
  destinationPort: port,
};

export const SinkRecord = z.discriminatedUnion("kind", [
  z.strictObject({
    ...flow,
    kind: z.literal("dns"),
    /** Lower case, no final dot; bytes that are no plain host name characters as `\ddd`. */
    name: z.string(),
    /** `A`, `AAAA`, ..., or `TYPE<number>`. */
    type: z.string(),
    /** Addresses or text given back. */
    answers: z.array(z.string()),
    /** `datagram`, `stream`, or `https` for a query in an HTTP request. */
    transport: z.enum(["datagram", "stream", "https"]),
  }),
  z.strictObject({
    ...flow,
    kind: z.literal("http"),
    /** Inside TLS. */
    encrypted: z.boolean(),
    method: z.string(),
    /** Request target as sent: a path, an absolute URI to a proxy, or host:port of CONNECT. */
    target: z.string(),
    host: z.string(),
    userAgent: z.string(),
    /** Name and value in the order sent. */
    headers: z.array(z.tuple([z.string(), z.string()])),
    bodyBytes: count,
    body: bytes,
    /** The request was whole; false when the connection ended first. */
    complete: z.boolean(),
    status: z.number().int(),
    /** Of the answer: `html`, `json`, `script`, `program`, `text`, ... */
    answer: z.string(),
  }),
  z.strictObject({
    ...flow,
    kind: z.literal("tls"),
    serverName: z.string(),
    alpn: z.array(z.string()),
    /** Highest offered, `1.3`. */
    offeredVersion: z.string(),
    /** Whether the handshake came to its end; a sample that checks certificates ends it. */
    established: z.boolean(),
    /** Negotiated, empty when not established. */
    version: z.string(),
    error: z.string(),
  }),
  z.strictObject({
    ...flow,
    kind: z.literal("tcp"),
    /** Recognised by first bytes: `http`, `tls`, `dns`, `ssh`, `smtp`, `stratum`, ..., `unknown`, `silent`. */
    application: z.string(),
    /** Inside TLS, when there was any: the same, else empty. */
    innerApplication: z.string(),
    first: bytes,
    /** On the wire, TLS included. */
    bytesIn: count,
    bytesOut: count,
    durationMs: z.number().nonnegative(),
    /** Who ended it: the sample, the sinkhole (idle, too large), or the end of the run. */
    end: z.enum(["sample", "sinkhole", "run"]),
  }),
  /** All datagrams between two ends until they were quiet for a while; those that were DNS have lines of their own. */
  z.strictObject({
    ...flow,
    kind: z.literal("udp"),
    application: z.string(),
    /** Of the first datagram. */
    first: bytes,
    datagrams: count,
    bytesIn: count,
    bytesOut: count,
  }),
  /** A request of ours to a port that the image exposes; source is the sinkhole, destination the sample. */
  z.strictObject({
    ...flow,
    kind: z.literal("probe"),
    attempts: count,
    connected: z.boolean(),
    first: bytes,
    bytesIn: count,
    bytesOut: count,
    error: z.string(),
  }),
  /** Closing books, last line. */
  z.strictObject({
    ...base,
    kind: z.literal("account"),
    /** Everything seen, written or not. */
    requests: count,
    written: count,
    /** Lines that no longer fitted into the log. */
    unwritten: count,
    /** Connections closed at once since too many were open. */
    refusedConnections: count,
    /** Datagrams that the kernel had no room for. */
    droppedDatagrams: count,
    /** Fields cut to their bound. */
    cutFields: count,
    /** Requests that made the sinkhole throw: a defect of ours, answered by closing that connection. */
    failures: count,
  }),
]);
export type SinkRecord = z.infer<typeof SinkRecord>;
export type SinkRecordOf<K extends SinkRecord["kind"]> = Extract<SinkRecord, { kind: K }>;
