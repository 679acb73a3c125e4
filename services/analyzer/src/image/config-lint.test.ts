import { type ImageConfig, readImageConfig } from "@airlock/contracts";
import { expect, test } from "vitest";
import { lintConfig } from "./config-lint.ts";

const refused = expect.objectContaining({ code: "IMAGE_PATH_REFUSED" });
const config = (settings: object): ImageConfig => readImageConfig(settings);

test.each([
  [{ WorkingDir: "/proc/self/fd/7" }],
  [{ WorkingDir: "proc" }],
  [{ WorkingDir: "/srv/../proc/self/cwd" }],
  [{ WorkingDir: "//sys" }],
  [{ WorkingDir: "/dev/fd/8" }],
  [{ WorkingDir: "/../../dev/./fd/8/" }],
  [{ Entrypoint: ["/proc/self/exe"] }],
  [{ Cmd: ["/sys/../proc/1/exe"] }],
  [{ WorkingDir: "/a", Cmd: ["../proc/self/exe"] }],
  [{ Env: ["PATH=/usr/bin:/proc/self/fd/7"] }],
  [{ Env: ["LD_PRELOAD=/dev/fd/3 /lib/x.so"] }],
  [{ Env: ["HOME=//proc//self/fd/7"] }],
  [{ Env: ["PATH=x://proc/self/fd/7"] }],
  [{ Env: ["CONFIG=file:///proc/self/environ"] }],
  [{ Volumes: { "/": {} } }],
  [{ Volumes: { "/proc": {} } }],
  [{ Volumes: { "/a/../sys/fs": {} } }],
  [{ Volumes: { "/dev/shm": {} } }],
  [{ Volumes: { dev: {} } }],
  [{ Volumes: { "/data:/host": {} } }],
])("%j is refused", (settings) => {
  expect(() => lintConfig(config(settings))).toThrow(refused);
});

test.each([
  [{ WorkingDir: "/process", Entrypoint: ["/system/x"], Env: ["A=/devices:/procfs", "B=proc", "C=x/proc/self"] }],
  [{ Cmd: ["cat", "/proc/self/status"] }],
  [{ Env: ["LOG=/dev/stdout", "URL=http://host/proc/x", "BUCKET=s3://proc/x", "PATH=/usr/local/sbin:/usr/bin"] }],
  [{ Volumes: { "/var/lib/data": {}, "/device": {} } }],
  [{}],
])("%j is fine", (settings) => {
  expect(() => lintConfig(config(settings))).not.toThrow();
});

test("a path that leads to /proc through a link of the image is refused", () => {
  const resolve = (path: string) => (path === "/srv/app" ? ["/proc/self/fd/7"] : [path]);
  expect(() => lintConfig(config({ WorkingDir: "/srv/app" }), resolve)).toThrow(refused);
  expect(() => lintConfig(config({ WorkingDir: "/srv/other" }), resolve)).not.toThrow();
});
