import { type DnsMessage, readDnsMessage } from "./dns.ts";
import type { ObservationRoom } from "./observation-room.ts";

/** A query, and its answer once seen. */
export interface DnsExchange {
  readonly time: number;
  readonly flow: number;
  readonly name: string;
  readonly type: string;
  status: string | null;
  answers: readonly string[];
}

/**
 * Matches answers to queries within a flow by id, name and type. Names compare without case, since resolvers vary it on
 * purpose. A repeat of an unanswered query is the same query; an answer that nobody asked for is listed by itself.
 */
export class DnsLog {
  readonly exchanges: DnsExchange[] = [];
  /** Messages beyond the bound, and messages whose answers were not all read. */
  dropped = 0;
  readonly #room: ObservationRoom;
  readonly #work: { left: number };
  readonly #byKey = new Map<string, DnsExchange>();

  constructor(room: ObservationRoom, work: number) {
    this.#room = room;
    this.#work = { left: work };
  }

  /** Reads one message; bytes that are none are passed over. */
  add(flow: number, time: number, bytes: Buffer): void {
    const message = readDnsMessage(bytes, this.#work);
    if (message === null) return;
    if (message.answersDropped) this.dropped++;
    const key = `${flow} ${message.id} ${message.type} ${message.name.toLowerCase()}`;
    const known = this.#byKey.get(key);
    if (message.response) this.#answer(key, known, { flow, time, message });
    else if (known === undefined || known.status !== null) this.#open(key, { flow, time, message });
  }

  #answer(
    key: string,
    known: DnsExchange | undefined,
    entry: { flow: number; time: number; message: DnsMessage },
  ): void {
    if (known?.status != null) return;
    const exchange = known ?? this.#open(key, entry);
    if (exchange === null) return;
    exchange.status = entry.message.status;
    if (this.#room.takeText(entry.message.answers)) exchange.answers = entry.message.answers;
    else this.dropped++;
  }

  #open(key: string, { flow, time, message }: { flow: number; time: number; message: DnsMessage }): DnsExchange | null {
    const { name, type } = message;
    if (!this.#room.take(this.exchanges.length, [name])) {
      this.dropped++;
      return null;
    }
    const exchange: DnsExchange = { time, flow, name, type, status: null, answers: [] };
    this.exchanges.push(exchange);
    this.#byKey.set(key, exchange);
    return exchange;
  }
}
