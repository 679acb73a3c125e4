/**
 * Addresses in a run's private network. The same in every run, since no two runs share a namespace; they look like those of
 * an engine's default bridge, which is what a sample in a container expects to see.
 */
export const SAMPLE_IPV4 = "172.17.0.2";
export const SAMPLE_IPV6 = "fd4b:9f2a:7c31::2";
export const SINK_IPV4 = "172.17.0.1";
export const SINK_IPV6 = "fd4b:9f2a:7c31::1";

/** The sink too. For the engine: the sample's name server has to be set on the pause container before the network is made. */
export const RESOLVER_ADDRESS = "172.17.0.1";

/** The sink's end of the link; the sample's is `eth0`. */
export const SINK_LINK = "sample0";

/** Where the redirected traffic of all ports arrives. */
export const SINK_PORT = 9;
