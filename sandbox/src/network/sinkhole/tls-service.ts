import type { Duplex } from "node:stream";
import type { SecureContext, TLSSocket } from "node:tls";
import { BOUNDS } from "./bounds.ts";
import { CertificateAuthority } from "./certificate.ts";
import { readClientHello } from "./client-hello.ts";
import { unixTime } from "./flow.ts";
import type { StreamOrigin } from "./http-service.ts";
import type { SinkLog } from "./sink-log.ts";

type Tls = typeof import("node:tls");

/** Ends TLS on any connection, with a certificate for whatever name the client asked for. */
export class TlsService {
  readonly #tls: Tls;
  readonly #log: SinkLog;
  readonly #authority = new CertificateAuthority();
  readonly #contexts = new Map<string, SecureContext>();

  /** `tls` is passed in, for its module is loaded when first needed. */
  constructor(tls: Tls, log: SinkLog) {
    this.#tls = tls;
    this.#log = log;
  }

  /** PEM of the authority that signs. */
  get authority(): string {
    return this.#authority.authority;
  }

  /** Takes over a stream that begins with `head`, put back; `next` gets what is inside once the handshake is done. */
  serve(stream: Duplex, head: Buffer, origin: StreamOrigin, next: (inner: TLSSocket) => void): void {
    const time = unixTime();
    const hello = readClientHello(head);
    const name = hello?.serverName || origin.connection.flow.destinationIp;
    const secure = new this.#tls.TLSSocket(stream, {
      isServer: true,
      secureContext: this.#contextFor(name),
      ALPNCallback: ({ protocols }: { protocols: string[] }) =>
        protocols.includes("http/1.1") ? "http/1.1" : protocols[0],
    });
    let settled = false;
    const settle = (error: string) => {
      if (settled) return;
      settled = true;
      this.#log.write({
        time,
        kind: "tls",
        ...origin.connection.flow,
        serverName: this.#log.text(hello?.serverName ?? "", 512),
        alpn: (hello?.alpn ?? []).map((protocol) => this.#log.text(protocol, 64)),
        offeredVersion: hello?.offeredVersion ?? "",
        established: error === "",
        version: error === "" ? (secure.getProtocol() ?? "").replace(/^TLSv/, "") : "",
        error: this.#log.text(error, 256),
      });
    };
    secure.on("secure", () => {
      settle("");
      next(secure);
    });
    secure.on("error", (error) => {
      settle(error.message || "error");
      stream.destroy();
    });
    secure.on("close", () => settle("closed before the handshake was done"));
  }

  #contextFor(name: string): SecureContext {
    const known = this.#contexts.get(name);
    if (known) return known;
    if (this.#contexts.size >= BOUNDS.certificates) this.#contexts.delete(this.#contexts.keys().next().value ?? "");
    const context = this.#tls.createSecureContext({
      key: this.#authority.key,
      cert: this.#authority.certificateFor(name),
      minVersion: "TLSv1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    });
    this.#contexts.set(name, context);
    return context;
  }
}
