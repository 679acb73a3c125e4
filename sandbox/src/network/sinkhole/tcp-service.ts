import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { readBeginning } from "./beginning.ts";
import { BOUNDS } from "./bounds.ts";
import { Connection } from "./connection.ts";
import type { DnsService } from "./dns-service.ts";
import type { Application } from "./first-bytes.ts";
import { HttpService, type StreamOrigin } from "./http-service.ts";
import { freshNotes, type LineService, lineServiceNamed, lineServiceOn } from "./line-services.ts";
import type { SinkLog } from "./sink-log.ts";
import type { TlsService } from "./tls-service.ts";

interface Talk {
  readonly stream: Duplex;
  /** First bytes, which are still to be read from the stream. */
  readonly head: Buffer;
  readonly origin: StreamOrigin;
  /** The service whose greeting was sent, since the client waited for one. */
  readonly greeted: LineService | undefined;
}

/** Accepts connections to every address and port and finds out what each wants. */
export class TcpService {
  readonly #log: SinkLog;
  readonly #dns: DnsService;
  readonly #http: HttpService;
  /** First bytes of our own start-up probe. */
  readonly #probe: string;
  readonly #open = new Set<Connection>();
  #tls: Promise<TlsService> | undefined;
  #accepted = 0;

  constructor(parts: { log: SinkLog; dns: DnsService; program: Buffer; probe: string }) {
    this.#log = parts.log;
    this.#dns = parts.dns;
    this.#probe = parts.probe;
    this.#http = new HttpService({ ...parts, converse: (stream, origin) => this.#converse(stream, origin) });
  }

  accept(socket: Socket): void {
    if (this.#open.size >= BOUNDS.connections) {
      this.#log.count("refusedConnections");
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, ++this.#accepted);
    this.#open.add(connection);
    socket.setTimeout(BOUNDS.idleMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("end", () => {
      connection.endedBy = "sample";
      setTimeout(() => socket.destroy(), BOUNDS.halfOpenMs).unref();
    });
    socket.on("close", (hadError) => {
      if (hadError) connection.endedBy = "sample";
      this.#settle(connection);
    });
    this.#converse(socket, { connection, layer: 0, encrypted: false });
  }

  /** Writes the lines of what is still open. */
  stop(): void {
    for (const connection of this.#open) {
      connection.endedBy = "run";
      this.#settle(connection);
      connection.socket.destroy();
    }
  }

  #settle(connection: Connection): void {
    if (this.#open.delete(connection) && !connection.unlogged) this.#log.write(connection.record());
  }

  #converse(stream: Duplex, origin: StreamOrigin): void {
    const { connection, layer } = origin;
    stream.on("error", () => stream.destroy());
    if (layer >= BOUNDS.layers) {
      this.#listen(stream, origin);
      return;
    }
    const expected = lineServiceOn(connection.flow.destinationPort);
    let greeted = false;
    readBeginning(stream, {
      onSilence: () => {
        greeted = true;
        if (!expected?.greeting || !stream.writable) return false;
        stream.write(expected.greeting);
        return true;
      },
      onEnded: (head) => {
        if (head.length > 0) connection.name("unknown", layer);
        connection.see(head, layer);
        stream.end();
      },
      onRecognised: (application, head) => {
        if (this.#isProbe(head)) {
          answerProbe(stream, connection, head);
          return;
        }
        connection.name(application === "unknown" && greeted && expected ? expected.name : application, layer);
        connection.see(head, layer);
        this.#serve(application, { stream, head, origin, greeted: greeted ? expected : undefined });
      },
    });
  }

  #serve(application: Application, talk: Talk): void {
    const { stream, head, origin } = talk;
    switch (application) {
      case "http":
        this.#http.serve(stream, origin);
        break;
      case "http2":
        void this.#http.serveHttp2(stream, origin);
        break;
      case "tls":
        void this.#serveTls(stream, head, origin);
        break;
      case "dns":
        this.#serveDns(stream, origin);
        break;
      case "socks4":
      case "socks5":
        this.#serveProxy(stream, application, origin);
        break;
      case "ssh":
      case "stratum":
      case "irc":
      case "redis":
      case "smtp":
        this.#serveLines(talk, lineServiceNamed(application));
        break;
      case "smb":
      case "rdp":
      case "bittorrent":
        this.#listen(stream, origin);
        break;
      case "unknown":
        this.#serveLines(talk, talk.greeted);
        break;
      default:
        application satisfies never;
    }
  }

  /** Reads on and says nothing. */
  #listen(stream: Duplex, { connection, layer }: StreamOrigin): void {
    let isHead = true;
    stream.on("data", (chunk: Buffer) => {
      if (!isHead || layer >= BOUNDS.layers) connection.see(chunk, layer);
      isHead = false;
    });
    stream.on("end", () => stream.end());
    stream.resume();
  }

  async #serveTls(stream: Duplex, head: Buffer, origin: StreamOrigin): Promise<void> {
    this.#tls ??= import("./tls-service.ts").then(async (module) => {
      return new module.TlsService(await import("node:tls"), this.#log);
    });
    const tls = await this.#tls;
    if (stream.destroyed) return;
    tls.serve(stream, head, origin, (inner) => {
      this.#converse(inner, { ...origin, layer: origin.layer + 1, encrypted: true });
    });
  }

  #serveDns(stream: Duplex, { connection }: StreamOrigin): void {
    let left: Buffer = Buffer.alloc(0);
    stream.on("data", (chunk: Buffer) => {
      const done = this.#dns.answerStream(Buffer.concat([left, chunk]), connection.flow);
      if (done === null) {
        stream.destroy();
        return;
      }
      left = done.rest;
      if (done.answers.length > 0) stream.write(Buffer.concat(done.answers));
    });
    stream.on("end", () => stream.end());
    stream.resume();
  }

  /** Grants every wish of a SOCKS client; what goes through the tunnel is then told by its own first bytes. */
  #serveProxy(stream: Duplex, application: "socks4" | "socks5", origin: StreamOrigin): void {
    const steps = application === "socks4" ? ["005a000000000000"] : ["0500", "05000001000000000000"];
    const onData = (chunk: Buffer) => {
      origin.connection.see(chunk, origin.layer);
      stream.write(Buffer.from(steps.shift() ?? "", "hex"));
      if (steps.length > 0) return;
      stream.off("data", onData);
      stream.pause();
      this.#converse(stream, { ...origin, layer: origin.layer + 1 });
    };
    stream.on("data", onData);
    stream.resume();
  }

  #serveLines({ stream, origin, greeted }: Talk, service: LineService | undefined): void {
    if (!service) {
      this.#listen(stream, origin);
      return;
    }
    const notes = freshNotes();
    let text = "";
    let isHead = true;
    if (!greeted && service.name === "ssh" && service.greeting) stream.write(service.greeting);
    const onData = (chunk: Buffer) => {
      if (!isHead) origin.connection.see(chunk, origin.layer);
      isHead = false;
      text += chunk.toString("latin1");
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      if (text.length > BOUNDS.lineBytes) lines.push(text.slice(0, BOUNDS.lineBytes));
      if (text.length > BOUNDS.lineBytes) text = "";
      for (const line of lines) {
        const answer = service.answer(line.replace(/\r$/, "").slice(0, BOUNDS.lineBytes), notes);
        if (answer !== "" && stream.writable) stream.write(answer, "latin1");
        if (notes.next !== "more") break;
      }
      if (notes.next === "more") return;
      stream.off("data", onData);
      if (notes.next === "end") {
        stream.end();
        return;
      }
      stream.pause();
      this.#converse(stream, { ...origin, layer: origin.layer + 1 });
    };
    stream.on("data", onData);
    stream.on("end", () => stream.end());
    stream.resume();
  }

  #isProbe(head: Buffer): boolean {
    return head.toString("latin1") === this.#probe;
  }
}

function answerProbe(stream: Duplex, connection: Connection, head: Buffer): void {
  connection.unlogged = true;
  stream.end(head);
  stream.resume();
}
