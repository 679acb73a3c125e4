import type { BehaviourEvent, EventOf, FileOrigin } from "@airlock/contracts";
import { BoundedMap } from "./bounded-map.ts";
import { isOutward, isSuccess } from "./outcome.ts";

/** How much of a run is remembered; what is forgotten beyond it is counted. */
export interface WorldBounds {
  readonly processes: number;
  readonly files: number;
}

/** Enough for any honest image. */
const DEFAULT_BOUNDS: WorldBounds = { processes: 65_536, files: 262_144 };

/** What one process did so far, as far as facts and context fields ask. */
export interface ProcessState {
  readonly key: string;
  /** Its latest program start, and until it has one that of the process which forked it. */
  start: EventOf<"process_creation"> | undefined;
  /** Who wrote or placed the program's file, where that was in this run: its image, then its ancestors'. */
  programWriters: readonly string[] | undefined;
  /** Its latest connection to the outside. */
  connection: EventOf<"network_connection"> | undefined;
  /** The connection that it shares with whoever forked it, until it starts a program of its own. */
  inherited: EventOf<"network_connection"> | undefined;
  /** The downloaded file that it read, by the fewest steps from the network. */
  readDownload: Download | undefined;
  ended: boolean;
}

/** Where the bytes of a file came from. */
export interface Download {
  readonly connection: EventOf<"network_connection">;
  readonly downloader: ProcessState;
  /** 0 when the writer itself was connected; one more for each copy, unpacking or decoding since. */
  readonly hops: number;
}

export type WriteEvent = EventOf<"file_event"> | EventOf<"file_rename">;

/** A file that was made or written in this run, under its current name. */
export interface WrittenFile {
  readonly path: string;
  /** The last event that wrote or made it. */
  readonly written: WriteEvent;
  readonly writer: ProcessState | undefined;
  /** Where it came from by the first event that wrote it. */
  readonly origin: FileOrigin | undefined;
  deleted: boolean;
}

/** Who wrote or placed a file: image of that process, then those of its ancestors. */
export function writersOf({ writer, written }: WrittenFile): readonly string[] {
  const start = writer?.start?.fields;
  const own = start?.Image ?? written.fields.Image;
  return [...(own === undefined ? [] : [own]), ...(start?.Ancestors ?? [])];
}

/** Memory of a run that facts share, fed by every event in order. */
export class World {
  readonly #processes: BoundedMap<string, ProcessState>;
  readonly #files: BoundedMap<string, WrittenFile>;
  /** Last program start by executed path, image or script. */
  readonly #executed: BoundedMap<string, EventOf<"process_creation">>;

  constructor(bounds: WorldBounds = DEFAULT_BOUNDS) {
    this.#processes = new BoundedMap(bounds.processes);
    this.#files = new BoundedMap(bounds.files);
    this.#executed = new BoundedMap(bounds.files);
  }

  /** Entries forgotten for lack of room. */
  get forgotten(): number {
    return this.#processes.evicted + this.#files.evicted + this.#executed.evicted;
  }

  process(key: string | null): ProcessState | undefined {
    return key === null ? undefined : this.#processes.get(key);
  }

  file(path: string): WrittenFile | undefined {
    return this.#files.get(path);
  }

  lastExecution(path: string): EventOf<"process_creation"> | undefined {
    return this.#executed.get(path);
  }

  processes(): Iterable<ProcessState> {
    return this.#processes.values();
  }

  /** The network origin of a written file as far as it is known now, or null. */
  downloadOf(file: WrittenFile): Download | null {
    const { writer } = file;
    if (writer === undefined) return null;
    if (writer.connection !== undefined) return { connection: writer.connection, downloader: writer, hops: 0 };
    return writer.readDownload === undefined ? null : { ...writer.readDownload, hops: writer.readDownload.hops + 1 };
  }

  observe(event: BehaviourEvent): void {
    switch (event.category) {
      case "process_creation":
        this.#observeStart(event);
        return;
      case "process_fork":
        if (event.process !== null) this.#observeFork(event.process, event.fields.ForkedFrom);
        return;
      case "process_termination": {
        const process = this.process(event.process);
        if (process !== undefined) process.ended = true;
        return;
      }
      case "network_connection":
        if (event.process !== null && isOutward(event)) this.#state(event.process).connection = event;
        return;
      case "file_event":
        if (isSuccess(event.fields.Result) && event.fields.Operation !== "mkdir") this.#observeWrite(event);
        return;
      case "file_access":
        if (isSuccess(event.fields.Result)) this.#observeRead(event);
        return;
      case "file_rename":
        if (isSuccess(event.fields.Result)) this.#observeRename(event);
        return;
      case "file_delete": {
        const file = this.#files.get(event.fields.TargetFilename);
        if (file !== undefined && isSuccess(event.fields.Result)) file.deleted = true;
        return;
      }
      // Nothing that a fact would have to remember.
      case "process_access":
      case "network_listen":
      case "file_change":
      case "dns_query":
      case "proxy":
      case "tls":
      case "payload":
      case "output":
      case "syscall":
      case "driver_load":
      case "derived":
        return;
      default:
        event satisfies never;
    }
  }

  #state(key: string): ProcessState {
    return this.#processes.ensure(key, () => ({
      key,
      start: undefined,
      programWriters: undefined,
      connection: undefined,
      inherited: undefined,
      readDownload: undefined,
      ended: false,
    }));
  }

  #observeStart(event: EventOf<"process_creation">): void {
    const { Image, Script } = event.fields;
    if (Image !== undefined) this.#executed.set(Image, event);
    if (Script !== undefined) this.#executed.set(Script, event);
    if (event.process === null) return;
    const state = this.#state(event.process);
    state.start = event;
    const file = Image === undefined ? undefined : this.#files.get(Image);
    state.programWriters = file === undefined || file.deleted ? undefined : writersOf(file);
    // What a program reads and writes is its own affair, however connected the one was that started it.
    if (state.connection === state.inherited) state.connection = undefined;
    state.inherited = undefined;
  }

  /** Memory and descriptors are copied, so the child is what its parent was: with its connection and what it had read. */
  #observeFork(child: string, parent: string): void {
    const from = this.process(parent);
    const state = this.#state(child);
    if (from === undefined || from === state || state.start !== undefined) return;
    state.start = from.start;
    state.programWriters = from.programWriters;
    state.connection = from.connection;
    state.inherited = from.connection;
    state.readDownload = from.readDownload;
  }

  #observeWrite(event: EventOf<"file_event">): void {
    const { TargetFilename: path, FileOrigin: origin } = event.fields;
    const known = this.#files.get(path);
    this.#files.set(path, {
      path,
      written: event,
      writer: event.process === null ? undefined : this.#state(event.process),
      origin: known === undefined || known.deleted ? origin : known.origin,
      deleted: false,
    });
  }

  #observeRead(event: EventOf<"file_access">): void {
    const file = this.#files.get(event.fields.TargetFilename);
    if (file === undefined || file.deleted || event.process === null) return;
    const reader = this.#state(event.process);
    // What a process wrote itself is no second step.
    if (file.writer === reader) return;
    const download = this.downloadOf(file);
    if (download === null || (reader.readDownload !== undefined && reader.readDownload.hops <= download.hops)) return;
    reader.readDownload = download;
  }

  #observeRename(event: EventOf<"file_rename">): void {
    const { SourceFilename: from, TargetFilename: path } = event.fields;
    const moved = this.#files.get(from);
    this.#files.delete(from);
    // A moved file keeps who wrote it: moving adds nothing to its content.
    const writer = moved?.writer ?? (event.process === null ? undefined : this.#state(event.process));
    this.#files.set(path, {
      path,
      written: moved?.written ?? event,
      writer,
      origin: moved?.origin ?? event.fields.FileOrigin,
      deleted: false,
    });
  }
}
