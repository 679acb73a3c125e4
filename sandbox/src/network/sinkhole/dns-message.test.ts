import { decode, encode, type Packet } from "dns-packet";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DNS_TYPES, decodeQuery, encodeAnswer, encodeName, typeName } from "./dns-message.ts";

const query = (name: string, type = "A", extra: Partial<Packet> = {}) =>
  Buffer.from(
    encode({ type: "query", id: 4711, flags: 0x100, questions: [{ name, type: type as "A", class: "IN" }], ...extra }),
  );

describe("a query", () => {
  it("is read as an independent encoder wrote it", () => {
    expect(decodeQuery(query("WWW.Example.ORG", "AAAA"))).toMatchObject({
      id: 4711,
      name: "www.example.org",
      type: DNS_TYPES.AAAA,
      recursionDesired: true,
    });
  });

  it("may carry EDNS options", () => {
    const options = {
      additionals: [
        {
          type: "OPT",
          name: ".",
          udpPayloadSize: 4096,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    } as unknown as Partial<Packet>;
    expect(decodeQuery(query("a.b", "A", options))?.name).toBe("a.b");
  });

  it("shows bytes that no name should hold", () => {
    const message = Buffer.concat([
      query("x").subarray(0, 12),
      Buffer.from([4, 0x61, 0x2e, 0x00, 0xff, 0, 0, 1, 0, 1]),
    ]);
    const name = decodeQuery(message)?.name ?? "";
    expect(name).toBe("a\\046\\000\\255");
    expect(encodeName(name)).toEqual(Buffer.from([4, 0x61, 0x2e, 0x00, 0xff, 0]));
  });

  it("is not what an answer, two questions, a pointer loop or a cut message is", () => {
    const loop = Buffer.concat([query("x").subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
    const forward = Buffer.concat([query("x").subarray(0, 12), Buffer.from([0xc0, 14, 0, 0, 1, 0, 1])]);
    const two = query("x");
    two.writeUInt16BE(2, 4);
    const answer = Buffer.from(encode({ type: "response", questions: [{ name: "x", type: "A" }] }));
    for (const message of [loop, forward, two, answer, query("example.org").subarray(0, 20), Buffer.alloc(0)]) {
      expect(decodeQuery(message)).toBeNull();
    }
  });

  it("never makes the reader throw, whatever the bytes", () => {
    const header = fc.constant(query("x").subarray(0, 12));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 600 }), fc.boolean(), (head, bytes, withHeader) => {
        const message = withHeader ? Buffer.concat([head, bytes]) : Buffer.from(bytes);
        const read = decodeQuery(message);
        if (read) expect(read.name.length).toBeLessThanOrEqual(4 * 255);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("an answer", () => {
  it("is read by an independent decoder", () => {
    const asked = decodeQuery(query("Mail.example.org", "MX"));
    if (asked === null) throw new Error("no query");
    const exchange = Buffer.concat([Buffer.from([0, 10]), encodeName("mx.example.org")]);
    const packet = decode(encodeAnswer(asked, [{ type: DNS_TYPES.MX, data: exchange }]));
    expect(packet).toMatchObject({
      id: 4711,
      type: "response",
      rcode: "NOERROR",
      // The case of the question comes back: some resolvers check it.
      questions: [{ name: "Mail.example.org", type: "MX" }],
      answers: [
        { name: "Mail.example.org", type: "MX", ttl: 60, data: { preference: 10, exchange: "mx.example.org" } },
      ],
    });
  });

  it("cuts names to what the format holds", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 700 }), (name) => {
        expect(encodeName(name).length).toBeLessThanOrEqual(255);
      }),
    );
  });
});

it("names types it does not know by number", () => {
  expect([typeName(28), typeName(65), typeName(4242)]).toEqual(["AAAA", "HTTPS", "TYPE4242"]);
});
