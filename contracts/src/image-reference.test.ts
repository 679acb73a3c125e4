import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatImageReference, parseImageReference } from "./image-reference.ts";

const digest = `sha256:${"ab".repeat(32)}`;

describe("a reference is written out in full", () => {
  test.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["grafana/grafana", "docker.io/grafana/grafana:latest"],
    ["docker.io/nginx", "docker.io/library/nginx:latest"],
    ["index.docker.io/library/nginx", "docker.io/library/nginx:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app", "localhost:5000/app:latest"],
    ["Registry.Example.org/team/app:v1", "registry.example.org/team/app:v1"],
    ["[::1]:5000/app:v1", "[::1]:5000/app:v1"],
    ["[2001:DB8::1]/app", "[2001:db8::1]/app:latest"],
    [`nginx@${digest}`, `docker.io/library/nginx@${digest}`],
    [`r.example.org:443/a/b/c:tag@${digest}`, `r.example.org:443/a/b/c:tag@${digest}`],
    ["a__b/c-----d", "docker.io/a__b/c-----d:latest"],
  ])("%s", (text, canonical) => {
    expect(formatImageReference(parseImageReference(text))).toBe(canonical);
  });
});

test.each([
  "",
  "/",
  "Nginx",
  "nginx:",
  "nginx:-x",
  `nginx:${"t".repeat(129)}`,
  "nginx@sha256:abc",
  `nginx@sha512:${"ab".repeat(64)}`,
  "ab".repeat(32),
  "a//b",
  "a/../b",
  "a/b/",
  "/a",
  "a___b",
  "a b",
  "a\nb",
  "host:0/app",
  "host:65536/app",
  "host:99999999/app",
  "[::1/app",
  "[::1]x/app",
  "-host.org/app",
  "http://host/app",
  "user@host/app",
  "host.org/?x=1",
  "host.org/app#x",
  "ünicode/app",
  "n".repeat(250),
])("%j is refused", (text) => {
  expect(() => parseImageReference(text)).toThrow(expect.objectContaining({ code: "IMAGE_REFERENCE_INVALID" }));
});

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const component = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("-"));
const host = fc.oneof(
  fc.tuple(word, word).map(([name, domain]) => `${name}.${domain}`),
  fc.constantFrom("localhost", "[::1]", "[fe80::1]", "10.0.0.1"),
);
const registry = fc
  .tuple(host, fc.option(fc.integer({ min: 1, max: 65535 })))
  .map(([name, port]) => (port === null ? name : `${name}:${port}`));
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);

test("what was written out is read back as the same parts", () => {
  fc.assert(
    fc.property(
      registry,
      fc.array(component, { minLength: 1, maxLength: 4 }),
      fc.option(tag),
      fc.option(fc.constant(digest)),
      (registryName, parts, tagName, digestText) => {
        fc.pre(tagName !== null || digestText !== null);
        const reference = { registry: registryName, repository: parts.join("/"), tag: tagName, digest: digestText };
        expect(parseImageReference(formatImageReference(reference))).toEqual(reference);
      },
    ),
  );
});

test("whatever is accepted has one canonical spelling, and anything else is a coded fault", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."aA0:/@.-_[]% \u0000é".split("")), maxLength: 40 }), (text) => {
      let canonical: string;
      try {
        canonical = formatImageReference(parseImageReference(text));
      } catch (error) {
        expect(error).toMatchObject({ code: "IMAGE_REFERENCE_INVALID" });
        return;
      }
      expect(formatImageReference(parseImageReference(canonical))).toBe(canonical);
    }),
    { numRuns: 2000 },
  );
});
