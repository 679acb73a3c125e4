/** Bounds of the sinkhole (invariant I6). Each is far above what an honest sample needs in one run. */
export const BOUNDS = {
  /** Open at a time; later ones are closed at once and counted. */
  connections: 4096,
  /** UDP flows held before the oldest is written. */
  udpFlows: 4096,
  settleMs: 15,
  waitingReplyBytes: 4_194_304,
  udpIdleMs: 10_000,
  idleMs: 60_000,
  /** For what is still to be said to a client that has said its last. */
  halfOpenMs: 5000,
  /** A client that says nothing for so long is greeted, since some protocols let the server speak first. */
  greetingMs: 1500,
  /** Wait for the rest of first bytes that don't yet tell the protocol. */
  recogniseMs: 400,
  recogniseBytes: 2048,
  /** Kept of blanks before anything is said. */
  blankBytes: 64,
  /** TLS in TLS, a proxy in a proxy: beyond this, bytes are only logged. */
  layers: 4,
  firstBytes: 1024,
  bodyBytes: 4096,
  headers: 100,
  headerBytes: 8192,
  textCharacters: 4096,
  /** Line of a line protocol; longer ones are cut into pieces. */
  lineBytes: 16_384,
  names: 100_000,
  certificates: 2000,
  /** Of a probed server's answer, read and then closed. */
  probeBytes: 65_536,
} as const;
