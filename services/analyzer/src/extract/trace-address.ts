import type { TraceAddress } from "@airlock/contracts";

/** `10.0.0.1:80`, `[::1]:80`, a unix path, or the family's number. */
export function formatAddress(address: TraceAddress): string {
  switch (address.family) {
    case "ipv4":
      return `${address.address}:${address.port}`;
    case "ipv6":
      return `[${address.address}]:${address.port}`;
    case "unix":
      return address.path;
    case "other":
      return `family ${address.number}`;
    default:
      return address satisfies never;
  }
}
