/**
 * What a capture shows, in the sample's terms. Every string is the sample's or its peer's own and made printable and
 * bounded (`printable` of contracts: control characters are visible escapes); bytes are copies, so nothing here keeps the capture in memory.
 * Times are unix nanoseconds (the capture's resolution is a microsecond).
 */

export type FlowProtocol = "tcp" | "udp" | "icmp" | "other";

/** All packets between two endpoints. For TCP one connection, for UDP one pair of ports, else one pair of addresses and kind of message. */
export interface FlowObservation {
  /** Index into `flows`. */
  readonly id: number;
  readonly protocol: FlowProtocol;
  /** Who began: sender of the first SYN, else of the first packet. IPv6 in its short form (RFC 5952). Ports are 0 where the protocol has none. */
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly destinationIp: string;
  readonly destinationPort: number;
  readonly initiatedBySample: boolean;
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly packets: number;
  /** Payload, as the sample sees it: repeats counted once, missing bytes (`gapBytes`) not counted. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** TCP: both sides agreed (SYN, SYN+ACK, ACK) or data passed. Others: payload or answers went both ways. */
  readonly established: boolean;
  readonly reset: boolean;
  /** By first bytes, never by port: see `application.ts`. `none` without payload, `unknown` when nothing matched. */
  readonly application: string;
  /** First bytes the sample sent and received, blanks before a text left out, at most `limits.headBytes`. Datagrams are joined. */
  readonly firstSent: Uint8Array;
  readonly firstReceived: Uint8Array;
  /** Payload bytes that the capture does not have (lost, or cut by the snap length). */
  readonly gapBytes: number;
}

export interface DnsObservation {
  /** Of the query; of the answer when only that was seen. */
  readonly time: bigint;
  readonly flow: number;
  /** Without the final dot; `.` is the root. */
  readonly name: string;
  /** `A`, `AAAA`, `TXT`, ..., `UNKNOWN_65`. */
  readonly type: string;
  /** `NOERROR`, `NXDOMAIN`, ...; null when no answer was seen. */
  readonly status: string | null;
  /** Addresses and names plain, `MX` as `10 host`, `TXT` as its text, what has no text form as hex. */
  readonly answers: readonly string[];
}

/** One HTTP/1 request with the status of its answer. */
export interface HttpObservation {
  /** Of the request's first byte. */
  readonly time: bigint;
  readonly flow: number;
  readonly method: string;
  /** Target as sent, query included. */
  readonly uri: string;
  /** After the first `?`; empty when there is none. */
  readonly query: string;
  /** Host header, else the authority of an absolute target. */
  readonly host: string;
  readonly userAgent: string;
  readonly referrer: string;
  readonly cookie: string;
  /** Null when no answer was seen. */
  readonly status: number | null;
  /** First bytes of the request's body, chunks joined, printable. */
  readonly requestBodyHead: string;
  /** Of the request, head and body. */
  readonly bytes: number;
  /** Declared length, null when absent or not a number. */
  readonly contentLength: number | null;
}

/** One ClientHello, and what the ServerHello chose. */
export interface TlsObservation {
  readonly time: bigint;
  readonly flow: number;
  readonly serverName: string;
  readonly alpn: readonly string[];
  /** `TLSv1.3`: chosen by the server, else the highest the client offered. */
  readonly version: string;
  /** MD5 of the JA3 string, GREASE values left out. */
  readonly ja3: string;
}

/** A piece of what the sample sent beyond a flow's `firstSent`, where no reader of its protocol explains the bytes. */
export interface SentObservation {
  /** Of the piece's first byte. */
  readonly time: bigint;
  readonly flow: number;
  /** Where it begins in what the flow sent. Neighbours overlap; one equal to the piece before it is left out. */
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Books of the decoding. Whatever is not zero below `bytes` is evidence that the lists above do not hold. */
export interface DecodeAccount {
  packets: number;
  /** Captured bytes, record headers not counted. */
  bytes: number;
  /** Packets with a header that contradicts itself or the captured length. */
  malformed: number;
  /** Packets cut by the snap length. */
  cutPackets: number;
  /** Beyond `limits.flows`: TCP connections by their SYN, packets of other traffic. */
  streamsDropped: number;
  /** Payload counted but not kept for reading, being beyond a stream's or the total bound. */
  bytesDropped: number;
  /** Payload that the capture should have and has not. */
  gapBytes: number;
  /** IP datagrams that never became whole, or were pushed out by others. */
  fragmentsDropped: number;
  /**
   * Flows that the sample sent more on than was kept or shown, unless their protocol's reader explains the rest (a body of
   * declared length, records of TLS); DNS, HTTP and TLS observations, and sets of DNS answers, beyond the bounds on their
   * number, text or decoding work. A lower bound: of one connection only the first is counted.
   */
  observationsDropped: number;
  /** The file ends within a record, goes on with something that is no record, or is longer than `limits.fileBytes`. */
  truncatedTail: boolean;
  /** Bytes of the file that were not read as packets. */
  tailBytes: number;
}

export interface NetworkObservations {
  /** In order of their first packet. */
  readonly flows: readonly FlowObservation[];
  /** In order of time, as are `http` and `tls`. */
  readonly dns: readonly DnsObservation[];
  readonly http: readonly HttpObservation[];
  readonly tls: readonly TlsObservation[];
  /** By flow, then in order of their bytes. */
  readonly sent: readonly SentObservation[];
  readonly account: Readonly<DecodeAccount>;
}

/** An account of nothing. */
export function openAccount(): DecodeAccount {
  return {
    packets: 0,
    bytes: 0,
    malformed: 0,
    cutPackets: 0,
    streamsDropped: 0,
    bytesDropped: 0,
    gapBytes: 0,
    fragmentsDropped: 0,
    observationsDropped: 0,
    truncatedTail: false,
    tailBytes: 0,
  };
}
