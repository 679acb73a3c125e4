import { addressBytes, addressText } from "./address-bytes.ts";
import { BOUNDS } from "./bounds.ts";
import {
  DNS_TYPES,
  type DnsQuery,
  type DnsRecord,
  decodeQuery,
  encodeAnswer,
  encodeName,
  typeName,
} from "./dns-message.ts";
import { type Flow, unixTime } from "./flow.ts";
import type { NameBook } from "./name-book.ts";
import type { SinkLog } from "./sink-log.ts";

type Transport = "datagram" | "stream" | "https";

/** Answers every question about every name. */
export class DnsService {
  readonly #names: NameBook;
  readonly #log: SinkLog;

  constructor(names: NameBook, log: SinkLog) {
    this.#names = names;
    this.#log = log;
  }

  /** The answer to a message; null, and nothing logged, when it is no query. */
  answer(message: Buffer, flow: Flow, transport: Transport): Buffer | null {
    const query = decodeQuery(message);
    if (query === null) return null;
    const answers = answersTo(query, this.#names);
    this.#log.write({
      time: unixTime(),
      kind: "dns",
      ...flow,
      name: this.#log.text(query.name),
      type: typeName(query.type),
      answers: answers.map((answer) => answer.text),
      transport,
    });
    return encodeAnswer(query, answers);
  }

  /**
   * Takes whole length-prefixed messages off a stream's buffer. Returns the answers and the rest, or null when it is no DNS.
   */
  answerStream(buffer: Buffer, flow: Flow): { answers: Buffer[]; rest: Buffer } | null {
    const answers: Buffer[] = [];
    let rest = buffer;
    while (rest.length >= 2) {
      const length = rest.readUInt16BE(0);
      if (rest.length < 2 + length) break;
      const answer = this.answer(rest.subarray(2, 2 + length), flow, "stream");
      if (answer === null) return null;
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(answer.length);
      answers.push(prefix, answer);
      rest = rest.subarray(2 + length);
    }
    return { answers, rest };
  }
}

interface Answer extends DnsRecord {
  readonly text: string;
}

function answersTo(query: DnsQuery, names: NameBook): Answer[] {
  const { name } = query;
  switch (query.type) {
    case DNS_TYPES.A:
    case DNS_TYPES.AAAA:
      return [addressRecord(query.type, name, names)];
    case DNS_TYPES.ANY:
      return [addressRecord(DNS_TYPES.A, name, names), addressRecord(DNS_TYPES.AAAA, name, names)];
    case DNS_TYPES.PTR:
      return [nameRecord(DNS_TYPES.PTR, pointerTarget(name, names))];
    case DNS_TYPES.NS:
      return [nameRecord(DNS_TYPES.NS, `ns1.${name}`)];
    case DNS_TYPES.CNAME:
      return [nameRecord(DNS_TYPES.CNAME, `edge.${name}`)];
    case DNS_TYPES.MX:
      return [nameRecord(DNS_TYPES.MX, `mail.${name}`, [10])];
    case DNS_TYPES.SRV:
      return [nameRecord(DNS_TYPES.SRV, name.replace(/^(_[^.]*\.)+/, ""), [10, 10, servicePort(name)])];
    case DNS_TYPES.SOA:
      return [startOfAuthority(name)];
    case DNS_TYPES.TXT:
      return [textRecord("v=spf1 a mx ~all")];
    default:
      return [];
  }
}

function addressRecord(type: number, name: string, names: NameBook): Answer {
  const [ipv4, ipv6] = names.addresses(name);
  const text = type === DNS_TYPES.A ? ipv4 : ipv6;
  return { type, text, data: addressBytes(text) ?? Buffer.alloc(0) };
}

function nameRecord(type: number, target: string, numbers: readonly number[] = []): Answer {
  const prefix = Buffer.alloc(numbers.length * 2);
  numbers.forEach((number, index) => {
    prefix.writeUInt16BE(number, index * 2);
  });
  return { type, text: target.slice(0, BOUNDS.textCharacters), data: Buffer.concat([prefix, encodeName(target)]) };
}

function textRecord(text: string): Answer {
  return { type: DNS_TYPES.TXT, text, data: Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]) };
}

function startOfAuthority(name: string): Answer {
  const numbers = Buffer.alloc(20);
  [2_026_010_101, 7200, 3600, 1_209_600, 60].forEach((number, index) => {
    numbers.writeUInt32BE(number, index * 4);
  });
  const text = `ns1.${name}`;
  return { type: DNS_TYPES.SOA, text, data: Buffer.concat([encodeName(text), encodeName(`admin.${name}`), numbers]) };
}

function servicePort(name: string): number {
  const ports: Record<string, number> = { _http: 80, _https: 443, _ldap: 389, _sip: 5060, "_xmpp-client": 5222 };
  return ports[name.split(".")[0] ?? ""] ?? 443;
}

/** `4.3.2.1.in-addr.arpa` and the nibble form of IPv6, back to the name that the address was given to. */
function pointerTarget(name: string, names: NameBook): string {
  const labels = name.split(".");
  let address = name;
  if (name.endsWith(".in-addr.arpa")) address = labels.slice(0, 4).toReversed().join(".");
  else if (/^([0-9a-f]\.){32}ip6\.arpa$/.test(name)) {
    address = addressText(Buffer.from(labels.slice(0, 32).toReversed().join(""), "hex"));
  }
  const made = address.replace(/[^0-9a-z]+/g, "-").slice(0, 60);
  return names.nameOf(address) ?? `host-${made}.example.net`;
}
