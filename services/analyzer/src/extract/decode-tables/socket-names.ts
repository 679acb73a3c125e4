/** Address families by number (socket(2), linux/socket.h). */
const FAMILIES = (
  "AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE AF_DECnet " +
  "AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA AF_PPPOX AF_WANPIPE " +
  "AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET AF_IEEE802154 AF_CAIF AF_ALG AF_NFC " +
  "AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP"
).split(" ");

const TYPES: Readonly<Record<number, string>> = {
  1: "SOCK_STREAM",
  2: "SOCK_DGRAM",
  3: "SOCK_RAW",
  4: "SOCK_RDM",
  5: "SOCK_SEQPACKET",
  6: "SOCK_DCCP",
  10: "SOCK_PACKET",
};

export const FAMILY = { unspecified: 0, unix: 1, ipv4: 2, ipv6: 10 } as const;
export const SOCKET_TYPE = { stream: 1, datagram: 2, raw: 3, mask: 0xf } as const;
/** ICMP and ICMPv6 as IP protocol numbers. */
export const ICMP_PROTOCOLS: ReadonlySet<number> = new Set([1, 58]);
/** IP, TCP and MPTCP: what a stream socket that speaks TCP is asked for. */
export const TCP_PROTOCOLS: ReadonlySet<number> = new Set([0, 6, 262]);

export function familyName(family: number): string {
  return FAMILIES[family] ?? String(family);
}

/** The type may carry SOCK_NONBLOCK and SOCK_CLOEXEC, which say nothing here. */
export function socketTypeName(type: number): string {
  return TYPES[type & SOCKET_TYPE.mask] ?? String(type & SOCKET_TYPE.mask);
}
