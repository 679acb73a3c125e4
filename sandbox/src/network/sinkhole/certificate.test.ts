import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CertificateAuthority } from "./certificate.ts";

const authority = new CertificateAuthority();
const made = (name: string) => new X509Certificate(authority.certificateFor(name));

describe("a made certificate", () => {
  it("is for the name that was asked for, and signed by the authority", () => {
    const certificate = made("c2.example.org");
    const root = new X509Certificate(authority.authority);
    expect(certificate.checkHost("c2.example.org")).toBe("c2.example.org");
    expect(certificate.checkHost("other.example.org")).toBeUndefined();
    expect(certificate.checkIssued(root)).toBe(true);
    expect(certificate.verify(root.publicKey)).toBe(true);
    expect(root.ca).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.serialNumber).not.toBe(root.serialNumber);
  });

  it("is for an address when there is no name", () => {
    expect(made("203.0.113.9").checkIP("203.0.113.9")).toBe("203.0.113.9");
    expect(made("2001:db8::1:0:2").checkIP("2001:db8::1:0:2")).toBe("2001:db8::1:0:2");
  });

  it("is valid now", () => {
    const { validFrom, validTo } = made("a.test");
    expect(Date.parse(validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(validTo)).toBeGreaterThan(Date.now());
  });

  it("is the same while the name is remembered", () => {
    expect(authority.certificateFor("a.test")).toBe(authority.certificateFor("a.test"));
    expect(authority.certificateFor("a.test")).not.toBe(authority.certificateFor("b.test"));
  });

  it("is one that OpenSSL takes, whatever the name", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 400 }), fc.string({ unit: "binary", maxLength: 300 })), (name) => {
        const cert = authority.certificateFor(name);
        createSecureContext({ key: authority.key, cert });
      }),
      { numRuns: 20 },
    );
  });
});
