import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { promisify } from "node:util";
import { Fault, toFault } from "@airlock/contracts";
import { parseRunName, type RunName } from "../run-name.ts";
import { RESOLVER_ADDRESS, SAMPLE_IPV4, SAMPLE_IPV6, SINK_IPV4, SINK_IPV6, SINK_LINK, SINK_PORT } from "./addresses.ts";
import { nativeProgram, SYSTEM_ENVIRONMENT } from "./native-program.ts";

const run = promisify(execFile);
const NAMESPACES = "/run/netns";
const DEADLINE_MS = 20_000;

/** One run's network: the pause process's namespace joined by a veth link to a sink namespace that leads nowhere else. */
export interface SampleNetwork {
  readonly runName: RunName;
  readonly pausePid: number;
  /** Name of the sink namespace under /run/netns; equals the run name. */
  readonly sinkNamespace: string;
  /** IPv4, then IPv6. */
  readonly sampleAddresses: readonly string[];
  readonly sinkAddresses: readonly string[];
  readonly resolverAddress: string;
  /** Host name inside the pause process's UTS namespace. */
  readonly hostname: string;
  /** Removes the sink namespace and with it the link. May be called twice. Throws TEARDOWN_FAILED. */
  dispose(): Promise<void>;
}

/**
 * Builds the network of one run. `pausePid` lives in a network namespace of its own that has no links yet (engine mode
 * `none`). Throws NETWORK_FAILED, and then nothing is left.
 */
export async function createSampleNetwork(options: { runName: RunName; pausePid: number }): Promise<SampleNetwork> {
  const { runName, pausePid } = options;
  if (!Number.isSafeInteger(pausePid) || pausePid <= 1) {
    throw new Fault("NETWORK_FAILED", `no process ${pausePid} to give a network to`);
  }
  const dispose = () => removeNamespace(runName);
  try {
    const hostname = await buildNetwork(runName, pausePid);
    return {
      runName,
      pausePid,
      sinkNamespace: runName,
      sampleAddresses: [SAMPLE_IPV4, SAMPLE_IPV6],
      sinkAddresses: [SINK_IPV4, SINK_IPV6],
      resolverAddress: RESOLVER_ADDRESS,
      hostname,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw toFault(error, "NETWORK_FAILED", "the sample's network could not be built");
  }
}

/**
 * Removes sink namespaces of owners that are dead. Their programs died with them (parent death signal).
 * Returns the names removed. Throws TEARDOWN_FAILED.
 */
export async function reapNetworks(isDead: (runName: RunName) => boolean): Promise<RunName[]> {
  const left = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
  const dead = left.map(parseRunName).filter((name): name is RunName => name !== null && isDead(name));
  for (const name of dead) await removeNamespace(name);
  return dead;
}

/** Resolves to the sample's host name. One shell with constant text: each further process would cost start-up time. */
async function buildNetwork(runName: RunName, pausePid: number): Promise<string> {
  const parameters = [runName, String(pausePid), SINK_SIDE, SAMPLE_SIDE, nativeProgram("plain-link")];
  const { stdout } = await run("/bin/sh", ["-c", BOTH_SIDES, "sh", ...parameters], {
    env: SYSTEM_ENVIRONMENT,
    timeout: DEADLINE_MS,
  });
  return stdout.trim();
}

async function removeNamespace(runName: RunName): Promise<void> {
  const handle = `${NAMESPACES}/${runName}`;
  if (!existsSync(handle)) return;
  try {
    await run("ip", ["netns", "delete", runName], { env: SYSTEM_ENVIRONMENT, timeout: DEADLINE_MS });
  } catch (error) {
    if (existsSync(handle)) throw toFault(error, "TEARDOWN_FAILED", `network namespace ${runName}`);
  }
}

/**
 * $1 run name, $2 pid, $3 and $4 the scripts of both sides, $5 plain-link. Entering without the mount namespace keeps the
 * host's /proc, where the sample's network settings are writable; in the container's own they are read-only.
 */
const BOTH_SIDES = `set -eu
ip netns add "$1"
nsenter --net="${NAMESPACES}/$1" sh -c "$3" sh "$2" "$5"
nsenter --target "$2" --net --uts sh -c "$4" sh "$5"
`;

/**
 * $1 pid, $2 plain-link. The local routes make every address ours, so that packets to any are taken in, echo requests are
 * answered by the kernel, and ARP too. TPROXY hands TCP and UDP of every port to the sinkhole's sockets and leaves the packet
 * as it was, unlike REDIRECT and DNAT, which lose the port. Matching sockets go first: those of connections that are open, and
 * of our own into the sample. Not for UDP, where the short-lived socket of an answer would swallow what comes next.
 */
const SINK_SIDE = `set -eu
for where in all default; do
  echo 0 >/proc/sys/net/ipv4/conf/$where/rp_filter
  echo 0 >/proc/sys/net/ipv6/conf/$where/disable_ipv6
  echo 0 >/proc/sys/net/ipv6/conf/$where/accept_dad
  echo 0 >/proc/sys/net/ipv6/conf/$where/accept_ra
done
echo 0 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
echo 4096 >/proc/sys/net/core/somaxconn
ip -batch - <<BATCH
link set lo up
link add ${SINK_LINK} address 02:42:ac:11:00:01 type veth peer name eth0 address 02:42:ac:11:00:02 netns $1
address add ${SINK_IPV4}/32 dev ${SINK_LINK}
address add ${SINK_IPV6}/128 dev ${SINK_LINK} nodad
link set ${SINK_LINK} up
route add ${SAMPLE_IPV4}/32 dev ${SINK_LINK} table local
route add ${SAMPLE_IPV6}/128 dev ${SINK_LINK} table local
route add local 0.0.0.0/0 dev lo table local
route add local ::/0 dev lo table local
BATCH
iptables-restore <<RULES
*mangle
-A PREROUTING -i ${SINK_LINK} -p tcp -m socket -j ACCEPT
-A PREROUTING -i ${SINK_LINK} -p tcp -j TPROXY --on-port ${SINK_PORT} --on-ip ${SINK_IPV4}
-A PREROUTING -i ${SINK_LINK} -p udp -j TPROXY --on-port ${SINK_PORT} --on-ip ${SINK_IPV4}
COMMIT
RULES
ip6tables-restore <<RULES
*mangle
-A PREROUTING -i ${SINK_LINK} -p tcp -m socket -j ACCEPT
-A PREROUTING -i ${SINK_LINK} -p tcp -j TPROXY --on-port ${SINK_PORT} --on-ip ${SINK_IPV6}
-A PREROUTING -i ${SINK_LINK} -p udp -j TPROXY --on-port ${SINK_PORT} --on-ip ${SINK_IPV6}
COMMIT
RULES
"$2" ${SINK_LINK}
`;

/**
 * What the sample may send. The capture can't lose what was never sent: a sample that floods is held back here, as a process is
 * by a slow network, instead of costing us evidence. The overhead added to each packet bounds their number too. The queue is
 * longer than a socket's send buffer, so that the sender waits and nothing is dropped.
 */
const SEND_RATE = "rate 200mbit burst 256kb limit 16mb overhead 500";

/**
 * $1 plain-link. Engine mode \`none\` switches IPv6 off. No duplicate address detection: it would delay the first packet by a
 * second. Echo and low ports without rights are what an engine allows on its own networks. IPv4 neighbours are answered by the
 * sink's ARP; IPv6 ones would not be, hence /128 and a route through the sink.
 */
const SAMPLE_SIDE = `set -eu
for where in all eth0; do
  echo 0 >/proc/sys/net/ipv6/conf/$where/disable_ipv6
  echo 0 >/proc/sys/net/ipv6/conf/$where/accept_dad
  echo 0 >/proc/sys/net/ipv6/conf/$where/accept_ra
done
echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
ip -batch - <<BATCH
link set lo up
address add ${SAMPLE_IPV4}/16 broadcast 172.17.255.255 dev eth0
address add ${SAMPLE_IPV6}/128 dev eth0 nodad
link set eth0 up
route add default via ${SINK_IPV4}
route add ${SINK_IPV6}/128 dev eth0
route add default via ${SINK_IPV6} dev eth0
BATCH
"$1" eth0
tc qdisc add dev eth0 root tbf ${SEND_RATE}
cat /proc/sys/kernel/hostname
`;
