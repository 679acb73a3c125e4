import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBlank, recognise, skipBlanks } from "./first-bytes.ts";

const dnsStream = Buffer.from("001d123401000001000000000000076578616d706c6503636f6d0000010001", "hex");

const KNOWN: readonly (readonly [string, Buffer | string])[] = [
  ["http", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["http", "GET /"],
  ["http", "POST http://a.test/x HTTP/1.0\r\n\r\n"],
  ["http", "CONNECT a.test:443 HTTP/1.1\r\n\r\n"],
  ["http", "BREW /pot HTTP/1.1\r\n\r\n"],
  ["http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"],
  ["tls", Buffer.from("160301020001000001fc0303", "hex")],
  ["dns", dnsStream],
  ["ssh", "SSH-2.0-libssh\r\n"],
  ["stratum", '{"id":1,"method":"mining.subscribe","params":[]}\n'],
  ["stratum", '{"jsonrpc":"2.0","id":1}\n'],
  ["irc", "NICK bot\r\nUSER a b c :d\r\n"],
  ["irc", "PASS secret\r\nNICK bot\r\n"],
  ["redis", "*1\r\n$4\r\nPING\r\n"],
  ["redis", "PING\r\n"],
  ["smtp", "EHLO bot\r\n"],
  ["socks5", Buffer.from("050100", "hex")],
  ["socks4", Buffer.from("04010050c000020100", "hex")],
  ["smb", Buffer.from("00000085ff534d4272", "hex")],
  ["rdp", Buffer.from("0300002b26e00000", "hex")],
  ["bittorrent", "\x13BitTorrent protocol\0\0"],
  ["unknown", Buffer.from("deadbeef", "hex")],
  ["unknown", "hello there\n"],
];

const bytesOf = (value: Buffer | string) => (typeof value === "string" ? Buffer.from(value, "latin1") : value);

describe("first bytes", () => {
  it.each(KNOWN)("tell %s", (application, value) => {
    expect(recognise(bytesOf(value))).toBe(application);
  });

  it("may stand behind any number of blanks, which are no part of a text", () => {
    const isText = (value: Buffer | string) => typeof value === "string" && value.charCodeAt(0) > 0x20;
    for (const [application, value] of KNOWN.filter(([, known]) => isText(known))) {
      for (const blanks of ["\r\n", " \t\r\n".repeat(1000)]) {
        const bytes = Buffer.concat([Buffer.from(blanks), bytesOf(value)]);
        expect(recognise(bytes), application).toBe(application);
        expect(skipBlanks(bytes)).toEqual(bytesOf(value));
      }
    }
    expect(recognise(Buffer.from("\r\n".repeat(5000)))).toBeNull();
    expect([isBlank(Buffer.from("\r\n \t")), isBlank(Buffer.from("\n.")), isBlank(Buffer.alloc(0))]).toEqual([
      true,
      false,
      true,
    ]);
    const proxyMark = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
    expect(skipBlanks(proxyMark)).toBe(proxyMark);
  });

  it("ask for more while they can still become anything", () => {
    for (const value of ["", "G", "GE", "EHL", '{"id":1,', "PRI * HTTP/2.0\r\n", "PASS secret\r\n"]) {
      expect(recognise(bytesOf(value)), value).toBeNull();
    }
    expect(recognise(dnsStream.subarray(0, 12))).toBeNull();
    expect(recognise(Buffer.from("160301", "hex"))).toBeNull();
  });

  it("are not judged too early: a protocol cut anywhere is never taken for another one", () => {
    for (const [application, value] of KNOWN) {
      if (application === "unknown") continue;
      const bytes = bytesOf(value);
      for (let length = 1; length < bytes.length; length++) {
        const early = recognise(bytes.subarray(0, length));
        // Binary headers shorter than their mark are left to the timer of the caller.
        if (early !== null && early !== "unknown") expect(early, `${application} after ${length}`).toBe(application);
      }
    }
  });

  it("never make it throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        recognise(Buffer.from(bytes));
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.string({ maxLength: 3000 }), (text) => void recognise(Buffer.from(text))));
  });
});
