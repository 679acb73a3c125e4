import * as fc from "fast-check";
import { expect, it } from "vitest";
import { addressBytes, addressText } from "./address-bytes.ts";

it.each([
  ["127.0.0.1", "7f000001"],
  ["::1", "00000000000000000000000000000001"],
  ["2001:db8::5:0:1", "20010db8000000000000000500000001"],
  ["fe80::1%eth0", "fe800000000000000000000000000001"],
  ["::ffff:1.2.3.4", "00000000000000000000ffff01020304"],
])("reads %s", (text, hex) => {
  expect(addressBytes(text)?.toString("hex")).toBe(hex);
});

it("refuses what is no address", () => {
  for (const text of ["", "1.2.3", "example.org", "1.2.3.4.5", "::g"]) expect(addressBytes(text)).toBeNull();
});

it("gives back the bytes of every address it wrote", () => {
  const length = fc.constantFrom(4, 16);
  fc.assert(
    fc.property(
      length.chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
      (bytes) => {
        expect(addressBytes(addressText(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      },
    ),
  );
});
