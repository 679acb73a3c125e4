import { BlockList, isIP } from "node:net";

/** A test for addresses inside a network such as `10.0.0.0/8` or `fe80::/10`; null when the network is malformed. */
export function compileCidr(network: string): ((address: string) => boolean) | null {
  const [address = "", bits = "", ...rest] = network.split("/");
  const version = isIP(address);
  const prefix = Number(bits);
  if (version === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits) || prefix > (version === 4 ? 32 : 128)) return null;
  const list = new BlockList();
  list.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  return (text) => {
    const kind = isIP(text);
    return kind !== 0 && list.check(text, kind === 4 ? "ipv4" : "ipv6");
  };
}
