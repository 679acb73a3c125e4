/** Room shared by all streams of one decoding. */
export interface ByteBudget {
  left: number;
  /** Payload counted but not kept. */
  dropped: number;
}

export interface StreamLimits {
  /** Kept of one stream while the budget lasts. */
  readonly streamBytes: number;
  /** Kept of one stream in any case. */
  readonly headBytes: number;
}

interface Piece {
  readonly start: number;
  readonly end: number;
  /** Captured bytes; fewer than `end - start` when the snap length cut the packet. */
  readonly seen: number;
  /** What is held of them: all, or nothing where a bound forbids it. */
  readonly data: Buffer;
}

const MAX_WAITING = 64;
const MAX_MARKS = 1024;
const NOTHING = Buffer.alloc(0);

/**
 * One direction of a connection, put in order. Positions count from the stream's start, so that sequence numbers may wrap.
 * Of overlapping segments the first to arrive wins, as in Linux: a later, different copy is how a sender shows a reader
 * something else than it shows the peer. Content ends at the first hole or bound; counting goes on.
 */
export class ByteStream {
  /** Distinct payload bytes seen. */
  received = 0;
  /** Bytes that later ones prove missing. */
  gapBytes = 0;
  readonly #budget: ByteBudget;
  readonly #limits: StreamLimits;
  #next: number | null = null;
  #position = 0;
  #content: Buffer = NOTHING;
  #length = 0;
  #open = true;
  #waiting: Piece[] = [];
  readonly #marks: { readonly offset: number; readonly time: number }[] = [];

  constructor(budget: ByteBudget, limits: StreamLimits) {
    this.#budget = budget;
    this.#limits = limits;
  }

  /** The kept start of the stream, without holes. */
  get content(): Buffer {
    return this.#content.subarray(0, this.#length);
  }

  /** Tells the sequence number of the first byte, from a SYN. Later calls change nothing. */
  begin(sequence: number): void {
    this.#next ??= sequence >>> 0;
  }

  /** A TCP segment of `length` bytes, of which `payload` was captured. */
  push(sequence: number, payload: Buffer, length: number, time: number): void {
    if (length === 0) return;
    this.#next ??= sequence;
    const start = this.#position + ((sequence - this.#next) | 0);
    const end = start + length;
    if (end <= this.#position) return;
    if (start <= this.#position && this.#waiting.length === 0) {
      const fresh = payload.subarray(this.#position - start);
      this.#deliver(fresh, fresh.length, end - this.#position, time);
      return;
    }
    this.#wait(start, end, payload);
    this.#drain(time);
    while (this.#waiting.length > MAX_WAITING) this.#skipHole(time);
  }

  /** A datagram, which has no order. */
  append(payload: Buffer, length: number, time: number): void {
    this.#deliver(payload, payload.length, length, time);
  }

  /** At the end of the capture: what still waits has a hole before it. */
  close(time: number): void {
    while (this.#waiting.length > 0) this.#skipHole(time);
  }

  /** When the byte at `offset` of the content arrived. */
  timeAt(offset: number): number {
    let time = this.#marks[0]?.time ?? 0;
    for (const mark of this.#marks) {
      if (mark.offset > offset) break;
      time = mark.time;
    }
    return time;
  }

  #deliver(data: Buffer, seen: number, length: number, time: number): void {
    if (this.#next !== null) this.#next = (this.#next + length) >>> 0;
    this.#position += length;
    this.received += seen;
    this.gapBytes += length - seen;
    if (this.#open && data.length > 0) this.#keep(data, time);
    else this.#budget.dropped += seen;
    if (data.length < length) this.#open = false;
  }

  #keep(data: Buffer, time: number): void {
    const room = Math.min(data.length, this.#room());
    if (this.#length + room > this.#content.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length + room, this.#content.length * 2));
      this.#content.copy(grown, 0, 0, this.#length);
      this.#content = grown;
    }
    data.copy(this.#content, this.#length, 0, room);
    if (this.#marks.length < MAX_MARKS && this.#marks.at(-1)?.time !== time) {
      this.#marks.push({ offset: this.#length, time });
    }
    this.#length += room;
    this.#budget.left -= room;
    this.#budget.dropped += data.length - room;
    if (room < data.length) this.#open = false;
  }

  #room(): number {
    const byHead = this.#limits.headBytes - this.#length;
    const byStream = this.#limits.streamBytes - this.#length;
    return Math.max(0, byHead, Math.min(byStream, this.#budget.left));
  }

  /** Keeps the parts that no waiting piece covers yet; pieces stay sorted and apart. */
  #wait(start: number, end: number, payload: Buffer): void {
    const added: Piece[] = [];
    let from = Math.max(start, this.#position);
    const take = (to: number) => {
      if (to <= from) return;
      const data = payload.subarray(from - start, to - start);
      added.push({ start: from, end: to, seen: data.length, data: this.#hold(from, data) });
    };
    for (const piece of this.#waiting) {
      if (piece.start >= end) break;
      take(piece.start);
      from = Math.max(from, piece.end);
    }
    take(end);
    if (added.length === 0) return;
    this.#waiting.push(...added);
    this.#waiting.sort((left, right) => left.start - right.start);
  }

  /** Copies what waits, as the record it is in will be gone, but only what could still be kept. */
  #hold(from: number, data: Buffer): Buffer {
    const kept = this.#open && from + data.length <= this.#limits.streamBytes && data.length <= this.#budget.left;
    if (!kept) return NOTHING;
    this.#budget.left -= data.length;
    return Buffer.from(data);
  }

  #drain(time: number): void {
    for (let piece = this.#waiting[0]; piece !== undefined && piece.start <= this.#position; piece = this.#waiting[0]) {
      this.#waiting.shift();
      this.#budget.left += piece.data.length;
      this.#deliver(piece.data, piece.seen, piece.end - piece.start, time);
    }
  }

  #skipHole(time: number): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    const hole = first.start - this.#position;
    this.#open = false;
    this.gapBytes += hole;
    this.#position += hole;
    if (this.#next !== null) this.#next = (this.#next + hole) >>> 0;
    this.#drain(time);
  }
}
