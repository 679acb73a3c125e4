/** Bounds of one decoding (invariant I6): a sample writes the capture's content, so it must not choose our memory or time. */
export interface DecodeLimits {
  /** Of the file; what is longer is left unread and reported as tail. */
  readonly fileBytes: number;
  /** Captured bytes of one packet; libpcap itself never exceeds 262144. */
  readonly packetBytes: number;
  /** A scan of every TCP port of one host still fits. */
  readonly flows: number;
  /** Kept of each direction of one flow. */
  readonly streamBytes: number;
  /** Kept of all together; afterwards each direction still keeps `headBytes`. */
  readonly totalStreamBytes: number;
  /** Of `firstSent` and `firstReceived`, and of one piece of what was sent further on. */
  readonly headBytes: number;
  /** How much of a piece stands in the one before too, so that nothing is missed for being cut in two. */
  readonly overlapBytes: number;
  /** Pieces of all flows together. */
  readonly pieces: number;
  /** Of each of the lists dns, http, tls. */
  readonly observations: number;
  /** Characters of all those together: compressed DNS names and escapes make text many times longer than its packets. */
  readonly observationText: number;
  /** Bytes of answers, and names times compression pointers, over all DNS messages: chains of pointers cost the most. */
  readonly dnsWork: number;
}

export const DEFAULT_DECODE_LIMITS: DecodeLimits = {
  fileBytes: 512 * 1024 * 1024,
  packetBytes: 262_144,
  flows: 65_536,
  streamBytes: 256 * 1024,
  totalStreamBytes: 64 * 1024 * 1024,
  headBytes: 1024,
  overlapBytes: 256,
  pieces: 16_384,
  observations: 50_000,
  observationText: 64 * 1024 * 1024,
  dnsWork: 20_000_000,
};
