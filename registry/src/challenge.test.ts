import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseChallenges } from "./challenge.ts";

const plain = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test.each([
  ["", []],
  ["Basic", [["basic", {}]]],
  ['Basic realm="a b"', [["basic", { realm: "a b" }]]],
  [
    'Bearer realm="https://auth.example.org/token",service="r.example.org",scope="repository:a/b:pull"',
    [["bearer", { realm: "https://auth.example.org/token", service: "r.example.org", scope: "repository:a/b:pull" }]],
  ],
  [
    'BASIC Realm="say \\"hi\\"", Bearer realm=https://x/t , service=s',
    [
      ["basic", { realm: 'say "hi"' }],
      ["bearer", { realm: "https://x/t", service: "s" }],
    ],
  ],
  ['realm="lost"', []],
  [
    'Bearer realm="unclosed',
    [
      ["bearer", {}],
      ["realm", {}],
    ],
  ],
])("%s", (header, challenges) => {
  expect(plain(header)).toEqual(challenges);
});

test("any header is parsed in one pass, without an error", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', "\\", ",", "=", " ", "a", "B", "\u0000", "é"), maxLength: 200 }),
      (header) => {
        expect(parseChallenges(header).length).toBeLessThanOrEqual(header.length);
      },
    ),
  );
});
