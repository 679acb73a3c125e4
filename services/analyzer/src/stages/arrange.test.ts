import { DetonationPlan, type PinnedImage, readImageConfig } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { arrange } from "./arrange.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

function image(settings: object, reference = "docker.io/library/nginx:1.27"): PinnedImage {
  return {
    reference,
    digest,
    digestKind: "manifest",
    configDigest: digest,
    manifestDigest: digest,
    platform: "linux/amd64",
    config: readImageConfig(settings),
    diffIds: [],
    sizeBytes: 0,
  };
}

const server = image({
  Entrypoint: ["/entry"],
  Cmd: ["serve"],
  Env: ["PATH=/bin", "A=1"],
  User: "www",
  WorkingDir: "/srv",
  ExposedPorts: { "80/tcp": {}, "53/udp": {}, "9/sctp": {} },
  Volumes: { "/data/": {}, "/data": {}, "/cache": {} },
});

const code = (name: string) => expect.objectContaining({ code: name });

test("a plan follows the image", () => {
  const plan = arrange(server);
  expect(DetonationPlan.parse(plan)).toEqual(plan);
  expect(plan).toMatchObject({
    entrypoint: { id: "main", argv: ["/entry", "serve"], origin: "image" },
    env: ["PATH=/bin", "A=1"],
    user: "www",
    workdir: "/srv",
    exposedPorts: [
      { port: 80, protocol: "tcp" },
      { port: 53, protocol: "udp" },
    ],
    volumes: ["/cache", "/data"],
    durationMs: 30_000,
    stopSignal: "SIGTERM",
  });
});

describe("a submission may change", () => {
  test("the entry point, which drops the image's command", () => {
    expect(arrange(server, { entrypoint: ["/bin/sh"] }).entrypoint).toEqual({
      id: "main",
      argv: ["/bin/sh"],
      origin: "submission",
    });
    expect(arrange(server, { entrypoint: ["/bin/sh"], args: ["-c", "x"] }).entrypoint.argv).toEqual([
      "/bin/sh",
      "-c",
      "x",
    ]);
  });

  test("the command alone", () => {
    expect(arrange(server, { args: ["test"] }).entrypoint.argv).toEqual(["/entry", "test"]);
  });

  test("environment by name, user, working directory, duration and limits", () => {
    const plan = arrange(server, {
      env: ["A=2", "B=3=4"],
      user: "0",
      workdir: "tmp/../opt",
      durationMs: 5000,
      limits: { pids: 7 },
    });
    expect(plan.env).toEqual(["PATH=/bin", "A=2", "B=3=4"]);
    expect(plan).toMatchObject({ user: "0", workdir: "/opt", durationMs: 5000 });
    expect(plan.limits.pids).toBe(7);
    expect(plan.limits.memoryBytes).toBe(arrange(server).limits.memoryBytes);
  });
});

test("an image with nothing to run is refused", () => {
  expect(() => arrange(image({}))).toThrow(code("IMAGE_NO_COMMAND"));
  expect(() => arrange(image({ Entrypoint: [""] }))).toThrow(code("IMAGE_NO_COMMAND"));
  expect(() => arrange(image({ Cmd: ["x"] }), { entrypoint: [] })).toThrow(code("IMAGE_NO_COMMAND"));
  expect(arrange(image({ Entrypoint: [""], Cmd: ["x"] })).entrypoint.argv).toEqual(["x"]);
});

test.each([
  [{ workdir: "/proc/self/fd/8" }, "IMAGE_PATH_REFUSED"],
  [{ entrypoint: ["/proc/self/exe"] }, "IMAGE_PATH_REFUSED"],
  [{ workdir: "/srv", entrypoint: ["../sys/x"] }, "IMAGE_PATH_REFUSED"],
  [{ env: ["NOVALUE"] }, "USAGE"],
  [{ env: ["=x"] }, "USAGE"],
  [{ args: ["a\0b"] }, "USAGE"],
  [{ durationMs: 0 }, "USAGE"],
  [{ durationMs: Number.NaN }, "USAGE"],
  [{ durationMs: 86_400_000 }, "USAGE"],
])("%j is %s", (options, name) => {
  expect(() => arrange(server, options)).toThrow(code(name));
});

test("stop signals are read as engines read them", () => {
  const signalOf = (text: string) => arrange(image({ Cmd: ["x"], StopSignal: text })).stopSignal;
  expect(["", "quit", "SIGQUIT", "3", "SIGRTMIN+3"].map(signalOf)).toEqual([
    "SIGTERM",
    "SIGQUIT",
    "SIGQUIT",
    "3",
    "SIGRTMIN+3",
  ]);
  for (const bad of ["SIGNOPE", "0", "99", "SIGTERM; reboot"])
    expect(() => signalOf(bad)).toThrow(code("IMAGE_MALFORMED"));
});

test("the host name is stable, plausible and never a bare container's", () => {
  const name = arrange(server).hostname;
  expect(name).toBe(arrange(server).hostname);
  expect(name).toMatch(/^nginx-[a-z0-9]{10}-[a-z0-9]{5}$/);
  expect(arrange(image({ Cmd: ["x"] }, "/tmp/Some Image.tar")).hostname).toMatch(/^app-/);
  expect(arrange(image({ Cmd: ["x"] }, `r.org/${"a".repeat(90)}__b`)).hostname.length).toBeLessThan(64);
});
