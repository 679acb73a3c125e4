import { Duplex } from "node:stream";
import { connect } from "node:tls";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { readClientHello } from "./client-hello.ts";

/** First bytes of a real client. */
function realHello(options: {
  servername?: string;
  ALPNProtocols?: string[];
  maxVersion?: "TLSv1.2" | "TLSv1.3";
}): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connect({ socket, ...options }).on("error", () => undefined);
  });
}

it("reads name, protocols and version of a real client", async () => {
  const bytes = await realHello({ servername: "C2.example.org", ALPNProtocols: ["h2", "http/1.1"] });
  expect(readClientHello(bytes)).toEqual({
    serverName: "C2.example.org",
    alpn: ["h2", "http/1.1"],
    offeredVersion: "1.3",
  });
  const old = await realHello({ maxVersion: "TLSv1.2" });
  expect(readClientHello(old)).toEqual({ serverName: "", alpn: [], offeredVersion: "1.2" });
});

it("reads what there is of a hello cut anywhere", async () => {
  const bytes = await realHello({ servername: "c2.example.org" });
  for (let length = 0; length < bytes.length; length++) {
    const read = readClientHello(bytes.subarray(0, length));
    if (length < 6) expect(read).toBeNull();
    else expect("c2.example.org").toContain(read?.serverName);
  }
});

it("never throws, whatever the bytes", async () => {
  const bytes = await realHello({ servername: "c2.example.org", ALPNProtocols: ["h2"] });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
      const changed = Buffer.from(bytes);
      for (const [at, value] of changes) changed[at] = value;
      readClientHello(changed);
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
      expect(readClientHello(Buffer.concat([Buffer.from([0x16, 3, 1, 0, 200, 1]), tail]))).not.toBeNull();
    }),
  );
});
