import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { addressBytes } from "./address-bytes.ts";
import { BOUNDS } from "./bounds.ts";

/**
 * Makes certificates for whatever name is asked for (X.509 v3, RFC 5280), in DER written by hand: a few fields, no library to
 * load, so that the first TLS connection is not late. One authority and one key per process; nothing outlives it.
 */
export class CertificateAuthority {
  readonly #issuer = Buffer.from(directoryName("Global Trust Root CA"));
  readonly #authorityKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #serverKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #made = new Map<string, string>();
  /** PEM of the authority's own certificate. */
  readonly authority: string;
  /** PEM of the private key that all server certificates are for. */
  readonly key: string;

  constructor() {
    this.authority = this.#issue(this.#issuer, this.#authorityKey.publicKey, [
      extension("2.5.29.19", true, sequence(tlv(0x01, Buffer.from([0xff])))),
      extension("2.5.29.15", true, tlv(0x03, Buffer.from([1, 0x06]))),
    ]);
    this.key = this.#serverKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** PEM chain for a host name or an address; the same text for the same name while it is remembered. */
  certificateFor(name: string): string {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    if (this.#made.size >= BOUNDS.certificates) this.#made.delete(this.#made.keys().next().value ?? "");
    const chain = `${this.#issueServer(name)}${this.authority}`;
    this.#made.set(name, chain);
    return chain;
  }

  #issueServer(name: string): string {
    return this.#issue(directoryName(name), this.#serverKey.publicKey, [
      extension("2.5.29.19", true, sequence()),
      extension("2.5.29.15", true, tlv(0x03, Buffer.from([7, 0x80]))),
      extension("2.5.29.37", false, sequence(objectId("1.3.6.1.5.5.7.3.1"))),
      extension("2.5.29.17", false, sequence(alternativeName(name))),
    ]);
  }

  #issue(subject: Buffer, publicKey: KeyObject, extensions: Buffer[]): string {
    const spki = publicKey.export({ type: "spki", format: "der" });
    const algorithm = sequence(objectId("1.2.840.10045.4.3.2"));
    const issuerKey = this.#authorityKey.publicKey.export({ type: "spki", format: "der" });
    const body = sequence(
      tlv(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([0x4a]), randomBytes(15)])),
      algorithm,
      this.#issuer,
      validity(Date.now()),
      subject,
      spki,
      tlv(
        0xa3,
        sequence(
          ...extensions,
          extension("2.5.29.14", false, tlv(0x04, keyId(spki))),
          extension("2.5.29.35", false, sequence(tlv(0x80, keyId(issuerKey)))),
        ),
      ),
    );
    const signature = sign("sha256", body, this.#authorityKey.privateKey);
    const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  }
}

const DAY_MS = 86_400_000;

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** Positive, high bit clear. */
function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = rest.flatMap((number) => {
    const septets = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) septets.unshift((left & 0x7f) | 0x80);
    return septets;
  });
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

/** A common name is at most 64 characters (RFC 5280, appendix A); the whole name is in the alternative name. */
function directoryName(name: string): Buffer {
  const common = sequence(objectId("2.5.4.3"), tlv(0x0c, Buffer.from(name.slice(0, 64))));
  return sequence(tlv(0x31, common));
}

function alternativeName(name: string): Buffer {
  const address = addressBytes(name);
  return address ? tlv(0x87, address) : tlv(0x82, Buffer.from(name.slice(0, 255), "latin1"));
}

/** From a month ago for two months: fresh enough for clients that refuse long lives, and wide enough for a wrong clock. */
function validity(now: number): Buffer {
  return sequence(time(now - 30 * DAY_MS), time(now + 60 * DAY_MS));
}

/** UTCTime, which the standard wants until 2049. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, "");
  return tlv(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

function keyId(spki: Buffer): Buffer {
  return createHash("sha1").update(spki).digest();
}
