import { BOUNDS } from "./bounds.ts";

/**
 * Gives every name addresses of its own, in the order of asking, so that a later connection leads back to the name:
 * 198.18.0.0/15 (RFC 2544) and 2001:db8:5eed::/48 (RFC 3849), which look public and belong to nobody.
 */
export class NameBook {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #fixed: ReadonlyMap<string, readonly [string, string]>;

  /** `hostname` is the sample's own; it resolves to the sample's addresses, as an engine's resolver would have it. */
  constructor(hostname: string, sampleAddresses: readonly [string, string]) {
    this.#fixed = new Map([[hostname.toLowerCase(), sampleAddresses]]);
  }

  /** IPv4 and IPv6 address of a name. */
  addresses(name: string): readonly [string, string] {
    if (name === "localhost" || name.endsWith(".localhost")) return ["127.0.0.1", "::1"];
    const number = this.#fixed.get(name) ?? this.#number(name);
    return typeof number === "number" ? addressesOf(number) : number;
  }

  /** The name that was given an address; null for all others. */
  nameOf(address: string): string | null {
    for (const [name, addresses] of this.#fixed) if (addresses.includes(address)) return name;
    if (address === "127.0.0.1" || address === "::1") return "localhost";
    const number = numberOf(address);
    return (number === null ? undefined : this.#names[number]) ?? null;
  }

  /** Names beyond the bound share the last address: still answered, no longer told apart. */
  #number(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= BOUNDS.names) return BOUNDS.names;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }
}

function addressesOf(number: number): readonly [string, string] {
  const host = number + 1;
  const ipv4 = `198.${18 + (host >> 16)}.${(host >> 8) & 0xff}.${host & 0xff}`;
  const high = host >> 16 ? `${(host >> 16).toString(16)}:` : "";
  return [ipv4, `2001:db8:5eed::${high}${(host & 0xffff).toString(16)}`];
}

function numberOf(address: string): number | null {
  const ipv4 = /^198\.(18|19)\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (ipv4) return ((Number(ipv4[1]) - 18) << 16) + (Number(ipv4[2]) << 8) + Number(ipv4[3]) - 1;
  const ipv6 = /^2001:db8:5eed::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(address);
  if (ipv6) return (Number.parseInt(ipv6[1] ?? "0", 16) << 16) + Number.parseInt(ipv6[2] ?? "0", 16) - 1;
  return null;
}
