import { expect, test } from "vitest";
import { ImageConfig } from "./image.ts";
import { readImageConfig } from "./image-config.ts";

const malformed = expect.objectContaining({ code: "IMAGE_MALFORMED" });

test("nothing at all is an empty config", () => {
  const empty = readImageConfig(undefined);
  expect(ImageConfig.parse(empty)).toEqual(empty);
  expect(readImageConfig({ Entrypoint: null, Cmd: null, Env: null, Labels: null, Volumes: null })).toEqual(empty);
});

test("fields are taken over and others ignored", () => {
  const config = readImageConfig({
    Entrypoint: ["/entry"],
    Cmd: ["a"],
    Env: ["A=1", "UNSET", "=bad", "EMPTY="],
    User: "1000:1000",
    WorkingDir: "/srv",
    ExposedPorts: { "80": {}, "53/UDP": {}, "8000-8002/tcp": {} },
    Volumes: { "/data": {} },
    StopSignal: "SIGINT",
    Labels: { a: "b" },
    Healthcheck: { Test: ["CMD", "/check"], Interval: 1 },
    OnBuild: 7,
  });
  expect(ImageConfig.parse(config)).toEqual(config);
  expect(config.healthcheck).toEqual(["CMD", "/check"]);
  expect(config.env).toEqual(["A=1", "EMPTY="]);
  expect(config.exposedPorts).toEqual(["80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"]);
});

test.each([
  [[]],
  ["text"],
  [{ Entrypoint: "/bin/sh" }],
  [{ Cmd: [1] }],
  [{ Env: { A: "1" } }],
  [{ User: 0 }],
  [{ ExposedPorts: { "0/tcp": {} } }],
  [{ ExposedPorts: { "70000/tcp": {} } }],
  [{ ExposedPorts: { "90-80/tcp": {} } }],
  [{ ExposedPorts: { "80/icmp": {} } }],
  [{ Labels: { a: 1 } }],
  [{ Healthcheck: { Test: 7 } }],
  [{ Healthcheck: { Test: ["CMD", "a\0"] } }],
  [{ Env: ["A=\0"] }],
  [{ WorkingDir: "/a\0b" }],
])("%j is malformed", (settings) => {
  expect(() => readImageConfig(settings)).toThrow(malformed);
});

test("many wide port ranges are refused instead of expanded", () => {
  const keys = Array.from({ length: 1000 }, (_, index) => [`1-${65000 + index}/tcp`, {}]);
  expect(() => readImageConfig({ ExposedPorts: Object.fromEntries(keys) })).toThrow(malformed);
});

test("a label called __proto__ changes nothing but is no crash either", () => {
  const config = readImageConfig(JSON.parse('{"Labels":{"__proto__":"x","constructor":"y"}}'));
  expect(Object.getPrototypeOf(config.labels)).toBe(Object.prototype);
  expect(config.labels["constructor"]).toBe("y");
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});
