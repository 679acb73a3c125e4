/** What the sinkhole's process is told in its one argument, as JSON. Made by us, so taken as it is. */
export interface SinkSettings {
  readonly logBytes: number;
  readonly hostname: string;
  /** IPv4, IPv6. */
  readonly sampleAddresses: readonly [string, string];
  /** Source of our probes. */
  readonly sinkAddress: string;
  readonly exposedPorts: readonly number[];
  /** Path of the program that is served to who asks for one. */
  readonly program: string;
  /** Text of the start-up probe, random. */
  readonly probe: string;
}

/** Descriptors that the process inherits from sink-sockets. */
export const HANDLES = { log: 3, tcp4: 4, tcp6: 5, datagrams: 6 } as const;

/** Lines on standard input. */
export type SinkCommand = "stimulate" | "stop";
