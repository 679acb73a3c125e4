import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { buildConnection } from "./testing/capture-builder.ts";
import { decodeFrames, PEER, SAMPLE } from "./testing/decoding.ts";
import { buildClientHello, buildServerHello, splitRecords } from "./testing/tls-builder.ts";
import { looksLikeTls, readClientHello, readServerVersion } from "./tls.ts";

const hello = buildClientHello({
  ciphers: [0x1a1a, 0x1301, 0xc02f],
  extensions: [
    [0x2a2a, ""],
    [0, "000f00000c6332732e6578616d706c652e"],
    [10, "00063a3a001d0017"],
    [11, "0100"],
    [16, "000c02683208687474702f312e31"],
    [43, "060a0a03040303"],
  ],
});
const JA3_TEXT = "771,4865-49199,0-10-11-16-43,29-23,0";

test("reads name, protocols, version and JA3 without GREASE", () => {
  expect(readClientHello(hello)).toEqual({
    serverName: "c2s.example.",
    alpn: ["h2", "http/1.1"],
    version: "TLSv1.3",
    ja3: createHash("md5").update(JA3_TEXT).digest("hex"),
  });
});

test("joins a hello that is spread over many records", () => {
  expect(readClientHello(splitRecords(hello, 7))).toEqual(readClientHello(hello));
});

test("reports what the server chose, else the highest offer", async () => {
  const withServer = async (server: Buffer) =>
    await decodeFrames(
      buildConnection(SAMPLE, { ...PEER, port: 8443 }, [
        { by: "client", bytes: hello },
        { by: "server", bytes: server },
      ]),
    );
  const negotiated = await withServer(buildServerHello(0x0303));
  expect(negotiated.flows[0]?.application).toBe("tls");
  expect(negotiated.tls).toMatchObject([{ flow: 0, serverName: "c2s.example.", version: "TLSv1.2" }]);
  expect((await withServer(buildServerHello(0x0303, 0x0304))).tls[0]?.version).toBe("TLSv1.3");
  expect((await withServer(Buffer.alloc(0))).tls[0]?.version).toBe("TLSv1.3");
});

test("reads an old hello without extensions", () => {
  const old = buildClientHello({ ciphers: [0x0035], extensions: null, version: 0x0301 });
  expect(readClientHello(old)).toEqual({
    serverName: "",
    alpn: [],
    version: "TLSv1.0",
    ja3: createHash("md5").update("769,53,,,").digest("hex"),
  });
});

test("is null for a hello that is not all there or whose lengths lie", () => {
  for (let length = 0; length < hello.length; length++) expect(readClientHello(hello.subarray(0, length))).toBeNull();
  expect(readServerVersion(hello)).toBeNull();
  const lying = Buffer.from(hello);
  lying[43] = 255;
  expect(readClientHello(lying)).toBeNull();
  expect(looksLikeTls(Buffer.from("GET / HTTP/1.1"))).toBe(false);
});

test("never throws on changed hellos", () => {
  const change = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(change, (changes) => {
      const bytes = Buffer.from(hello);
      for (const [offset, value] of changes) bytes[offset] = value;
      const read = readClientHello(bytes);
      expect(read === null || read.serverName.length <= 4 * 255).toBe(true);
      readServerVersion(bytes);
    }),
  );
});
