import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import type { SinkRecordOf } from "@airlock/contracts";
import { BOUNDS } from "./bounds.ts";
import type { Connection } from "./connection.ts";
import type { DnsService } from "./dns-service.ts";
import { unixTime } from "./flow.ts";
import { contentFor, type HttpContent } from "./http-content.ts";
import type { SinkLog } from "./sink-log.ts";

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Where a stream comes from; `layer` counts TLS and proxies around it. */
export interface StreamOrigin {
  readonly connection: Connection;
  readonly layer: number;
  readonly encrypted: boolean;
}

/** Goes on with what comes behind a tunnel that was asked for. */
type Converse = (stream: Duplex, origin: StreamOrigin) => void;

interface Received {
  readonly time: string;
  readonly bytes: number;
  readonly body: Buffer;
  readonly complete: boolean;
}

const DNS_MESSAGE = "application/dns-message";
const WEBSOCKET_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Answers every HTTP request with 200, and logs it. The parser is Node's own, in its lenient mode: malware writes sloppy HTTP. */
export class HttpService {
  readonly #log: SinkLog;
  readonly #dns: DnsService;
  readonly #program: Buffer;
  readonly #converse: Converse;
  readonly #origins = new WeakMap<object, StreamOrigin>();
  readonly #server: Server;
  #server2: Http2Server | undefined;

  constructor(parts: { log: SinkLog; dns: DnsService; program: Buffer; converse: Converse }) {
    this.#log = parts.log;
    this.#dns = parts.dns;
    this.#program = parts.program;
    this.#converse = parts.converse;
    this.#server = this.#createServer();
  }

  /** Takes over a stream whose first bytes, put back, begin a request. */
  serve(stream: Duplex, origin: StreamOrigin): void {
    this.#origins.set(stream, origin);
    this.#server.emit("connection", stream);
    stream.resume();
  }

  /** The same for HTTP/2, whose module is loaded only now. */
  async serveHttp2(stream: Duplex, origin: StreamOrigin): Promise<void> {
    this.#origins.set(stream, origin);
    if (this.#server2 === undefined) {
      const { createServer: createHttp2Server } = await import("node:http2");
      this.#server2 = createHttp2Server({ settings: { maxConcurrentStreams: 100 } });
      this.#server2.on("session", (session) => session.on("error", () => session.destroy()));
      this.#server2.on("request", (request, response) => {
        this.#answer(request, response, this.#origins.get(request.stream.session?.socket ?? request) ?? origin);
      });
    }
    this.#server2.emit("connection", stream);
  }

  #createServer(): Server {
    const server = createServer({
      insecureHTTPParser: true,
      maxHeaderSize: 65_536,
      keepAliveTimeout: BOUNDS.idleMs,
    });
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      const origin = this.#origins.get(request.socket);
      if (origin) this.#answer(request, response, origin);
      else request.socket.destroy();
    };
    server.on("request", answer);
    server.on("checkExpectation", answer);
    server.on("connect", (request, stream, head) => this.#openTunnel(request, stream, head));
    server.on("upgrade", (request, stream) => this.#upgrade(request, stream));
    server.on("clientError", (_error, stream) => {
      if (stream.writable) stream.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
      else stream.destroy();
    });
    return server;
  }

  #answer(request: Request, response: Response, origin: StreamOrigin): void {
    receive(request, (received) => {
      const { content, answered } = this.#contentFor(request, received, origin);
      this.#record(request, origin, received, { status: received.complete ? 200 : 0, answer: answered });
      if (!received.complete) return;
      response.writeHead(200, {
        Server: "nginx",
        "Content-Type": content.contentType,
        "Content-Length": content.body.length,
        "Cache-Control": "no-store",
      });
      if (request.method === "HEAD") response.end();
      else response.end(content.body);
    });
  }

  #contentFor(request: Request, received: Received, origin: StreamOrigin) {
    const resolved = this.#resolve(request, received, origin);
    if (resolved) return { content: { contentType: DNS_MESSAGE, body: resolved }, answered: "dns" };
    const content: HttpContent = contentFor(
      {
        method: request.method ?? "",
        host: hostOf(request),
        path: pathOf(request.url ?? ""),
        accept: request.headers.accept ?? "",
        userAgent: request.headers["user-agent"] ?? "",
      },
      this.#program,
    );
    return { content, answered: content.kind };
  }

  /** DNS over HTTPS (RFC 8484). */
  #resolve(request: Request, received: Received, origin: StreamOrigin): Buffer | null {
    const inTarget = /[?&]dns=([\w-]{1,2000})/.exec(request.url ?? "")?.[1];
    if (request.headers["content-type"] === DNS_MESSAGE) {
      return this.#dns.answer(received.body, origin.connection.flow, "https");
    }
    if (inTarget === undefined) return null;
    return this.#dns.answer(Buffer.from(inTarget, "base64url"), origin.connection.flow, "https");
  }

  #openTunnel(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const origin = this.#origins.get(stream);
    if (!origin) {
      stream.destroy();
      return;
    }
    this.#record(request, origin, nothing(), { status: 200, answer: "tunnel" });
    stream.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) stream.unshift(head);
    this.#converse(stream, { ...origin, layer: origin.layer + 1 });
  }

  /** A WebSocket gets its handshake; what follows is only logged. Other upgrades are declined by answering in HTTP/1.1. */
  #upgrade(request: IncomingMessage, stream: Duplex): void {
    const origin = this.#origins.get(stream);
    if (!origin) {
      stream.destroy();
      return;
    }
    const key = request.headers["sec-websocket-key"];
    if (key === undefined) {
      this.#record(request, origin, nothing(), { status: 200, answer: "json" });
      stream.end("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}\n");
      return;
    }
    this.#record(request, origin, nothing(), { status: 101, answer: "websocket" });
    const accept = createHash("sha1").update(`${key}${WEBSOCKET_KEY}`).digest("base64");
    stream.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    this.#converse(stream, { ...origin, layer: BOUNDS.layers });
  }

  #record(
    request: Request,
    origin: StreamOrigin,
    received: Received,
    given: Pick<SinkRecordOf<"http">, "status" | "answer">,
  ): void {
    this.#log.write({
      time: received.time,
      kind: "http",
      ...origin.connection.flow,
      encrypted: origin.encrypted,
      method: this.#log.text(request.method ?? ""),
      target: this.#log.text(request.url ?? ""),
      host: this.#log.text(hostOf(request), 512),
      userAgent: this.#log.text(request.headers["user-agent"] ?? "", 1024),
      headers: this.#headers(request.rawHeaders),
      bodyBytes: received.bytes,
      body: received.body.toString("base64"),
      complete: received.complete,
      ...given,
    });
  }

  #headers(raw: readonly string[]): [string, string][] {
    const headers: [string, string][] = [];
    let left: number = BOUNDS.headerBytes;
    for (let at = 0; at + 1 < raw.length && headers.length < BOUNDS.headers; at += 2) {
      const name = this.#log.text(raw[at] ?? "", Math.min(left, 256));
      const value = this.#log.text(raw[at + 1] ?? "", Math.min(left, 2048));
      left = Math.max(0, left - name.length - value.length);
      headers.push([name, value]);
    }
    return headers;
  }
}

/** Reads a body to its end or to the end of the connection, keeping only its beginning. */
function receive(request: Request, done: (received: Received) => void): void {
  const time = unixTime();
  const kept: Buffer[] = [];
  let bytes = 0;
  let settled = false;
  const settle = (complete: boolean) => {
    if (settled) return;
    settled = true;
    done({ time, bytes, body: Buffer.concat(kept), complete });
  };
  request.on("data", (chunk: Buffer) => {
    const room = BOUNDS.bodyBytes - bytes;
    if (room > 0) kept.push(chunk.subarray(0, room));
    bytes += chunk.length;
  });
  request.on("end", () => settle(true));
  request.on("error", () => settle(false));
  request.on("close", () => settle(false));
}

function nothing(): Received {
  return { time: unixTime(), bytes: 0, body: Buffer.alloc(0), complete: true };
}

function hostOf(request: Request): string {
  const authority = request.headers[":authority"];
  return request.headers.host ?? (typeof authority === "string" ? authority : "");
}

/** Of `/path?query` and of `http://host/path`, without what follows the path. */
function pathOf(target: string): string {
  return target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "").replace(/[?#][\s\S]*$/, "");
}
