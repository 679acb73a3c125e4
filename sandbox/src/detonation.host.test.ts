import type { DetonationPlan, PinnedImage, Recording } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { LayerFile } from "./docker/image-archive.ts";
import { TestRange } from "./test-range.ts";

/** How samples begin and end, and what of that is in the record. */

let range: TestRange;

beforeAll(async () => {
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const alive = (name: Recording["sensors"][number]["name"]) => ({
  name,
  confirmed: true,
  aliveAtEnd: true,
  detail: "",
});
const ALL_ALIVE = (["tracer", "capture", "sinkhole", "output", "layer", "resources"] as const).map(alive);

describe("a sample that ends by itself", () => {
  test("within a millisecond is recorded from its exec to its exit", async () => {
    const { recording, lines, files } = await range.detonate(["/bin/busybox", "true"]);
    expect(lines).toEqual([
      "exec /bin/busybox lower [/bin/busybox true] PATH=/bin HOME=/",
      "readlink /proc/self/exe ok",
      "exit 0",
    ]);
    expect(recording).toMatchObject({
      outcome: { kind: "exited", code: 0, signal: null },
      sensors: ALL_ALIVE,
      limits: [],
      stoppedEarly: false,
      survivors: [],
      layer: [],
      trace: { started: true },
    });
    expect(files.toSorted()).toEqual(["capture.pcap", "dropped", "recording.json", "sink.ndjson", "trace.bin"]);
  });

  test("leaves a status and both outputs", async () => {
    const { recording } = await range.detonate("echo out; echo err >&2; exit 3");
    expect(recording).toMatchObject({
      outcome: { kind: "exited", code: 3, signal: null },
      output: { stdout: { text: "out\n", bytes: 4, truncated: false }, stderr: { text: "err\n", bytes: 4 } },
    });
  });

  test("by a signal has crashed", async () => {
    const { recording } = await range.detonate("kill -SEGV $$; sleep 5", { plan: { entrypoint: crashing } });
    expect(recording.outcome).toEqual({ kind: "crashed", code: 139, signal: "SIGSEGV" });
  });

  test("takes what it started with it", async () => {
    const { recording, lines } = await range.detonate("sleep 1000 & sleep 0.2; exit 4");
    expect(recording).toMatchObject({ outcome: { kind: "exited", code: 4 }, stoppedEarly: false });
    expect(lines).toContain("exit by signal 9");
  });
});

/** Process 1 can't be killed by a signal of its own (pid_namespaces(7)), so a child is, and its parent says so. */
const crashing = {
  id: "main",
  argv: ["/bin/sh", "-c", "sh -c 'kill -SEGV $$'; exit $?"],
  origin: "image" as const,
};

describe("a sample that goes on until its window is over", () => {
  test("and serves is seen listening, and was asked for something", async () => {
    const { recording, lines } = await range.detonate("httpd -f -p 8080 -h /etc", {
      plan: { durationMs: 2500, exposedPorts: [{ port: 8080, protocol: "tcp" }] },
    });
    expect(recording).toMatchObject({ outcome: { kind: "timed-out" }, stoppedEarly: false, limits: [] });
    expect(recording.survivors).toContainEqual(expect.objectContaining({ comm: "httpd", listening: true }));
    expect(lines.some((line) => /^accept .*:8080/.test(line))).toBe(true);
  });

  test("and sleeps is seen to wait for time and nothing else", async () => {
    const { recording } = await range.detonate("sleep 3600; echo never", { plan: { durationMs: 1000 } });
    expect(recording.outcome).toEqual({ kind: "timed-out", code: null, signal: null });
    expect(recording.survivors.map(({ comm }) => comm).toSorted()).toEqual(["sh", "sleep"]);
    expect(recording.survivors.every(({ waitsOnTimerOnly }) => waitsOnTimerOnly)).toBe(true);
    expect(recording.survivors.some(({ listening, connected }) => listening || connected)).toBe(false);
    expect(recording.windowMs).toBeGreaterThanOrEqual(1000);
  });

  test("and talks is seen connected", async () => {
    const { recording } = await range.detonate("nc 203.0.113.9 4444 </dev/zero >/dev/null", {
      plan: { durationMs: 1500 },
    });
    expect(recording.survivors).toContainEqual(expect.objectContaining({ comm: "nc", connected: true }));
  });

  test("and does something when it is asked to stop is recorded doing it", async () => {
    const script = "trap 'echo parting >/tmp/note; exit 7' TERM; while :; do sleep 0.1; done";
    const { recording, lines, dropped } = await range.detonate(script, { plan: { durationMs: 1000 } });
    expect(recording.outcome).toMatchObject({ kind: "timed-out" });
    expect(lines).toContain("exit 7");
    const note = recording.layer.find(({ path }) => path === "/tmp/note");
    expect(dropped(note?.kept ?? "")).toBe("parting\n");
  });

  test("and doesn't care about being asked is killed", async () => {
    const { recording, lines } = await range.detonate("trap '' TERM; while :; do sleep 0.1; done", {
      plan: { durationMs: 1000 },
    });
    expect(recording).toMatchObject({ outcome: { kind: "timed-out" }, stoppedEarly: false });
    expect(lines.at(-1)).toBe("exit by signal 9");
  });

  test("and stays although it has heard is given its grace and killed", async () => {
    const script = "trap 'echo heard' TERM; while :; do sleep 0.1; done";
    const { recording } = await range.detonate(script, { plan: { durationMs: 1000, stopGraceMs: 500 } });
    expect(recording.output.stdout.text).toBe("heard\n");
    expect(recording.outcome).toMatchObject({ kind: "timed-out" });
  });
});

describe("a sample that never starts has an outcome, and is no fault of ours", () => {
  let image: PinnedImage;

  beforeAll(async () => {
    const files: LayerFile[] = [
      { path: "bin/foreign", content: `\x7fELF\x02\x01\x01${"\0".repeat(9)}\x02\0\xf7\0${"\0".repeat(44)}` },
      { path: "bin/text", content: "neither a script nor a program\n" },
      { path: "bin/script", content: "#!/bin/no-such-shell\n" },
      { path: "bin/plain", content: "x", mode: 0o644 },
      { path: "data" },
      { path: "data/large", content: Buffer.alloc(9 * 1024 * 1024, 1) },
      { path: "leads-to-proc", linkTo: "/proc/1" },
    ];
    image = await range.build([files]);
  });

  const TRUE = ["/bin/busybox", "true"];
  const rows: [string, string[], Partial<DetonationPlan>?][] = [
    ["its program is missing", ["/bin/no-such-program"]],
    ["its program is in no folder of PATH", ["no-such-program"]],
    ["its program is for another processor", ["/bin/foreign"]],
    ["its program is no program", ["/bin/text"]],
    ["its program's interpreter is missing", ["/bin/script"]],
    ["its program may not be executed", ["/bin/plain"]],
    ["its program is a folder", ["/etc"]],
    ["its arguments are too long", [...TRUE, "x".repeat(200_000)]],
    ["its user is unknown", TRUE, { user: "nobody-we-know" }],
    ["its working folder is a file", TRUE, { workdir: "/etc/passwd" }],
    ["its volume is a file", TRUE, { volumes: ["/etc/passwd"] }],
    ["its volume leads into /proc", TRUE, { volumes: ["/leads-to-proc"] }],
  ];
  // A few at once: most of the time of a run is waiting.
  const groups = [0, 3, 6, 9]
    .map((from) => rows.slice(from, from + 3))
    .map((group) => ({ why: group.map(([why]) => why).join(", or "), group }));

  test.each(groups)("because $why", async ({ group }) => {
    const trials = await Promise.all(group.map(([, argv, plan = {}]) => range.detonate(argv, { image, plan })));
    for (const [index, { recording, records }] of trials.entries()) {
      expect(records).toEqual([]);
      expect(recording, group[index]?.[0]).toMatchObject({
        outcome: { kind: "never-started", code: null, signal: null },
        sensors: ALL_ALIVE,
        trace: { started: false },
        layer: [],
        limits: [],
        stoppedEarly: false,
      });
      expect(recording.outcome.detail ?? "").not.toMatch(/overlay2|\/volumes\//);
      expect((recording.outcome.detail ?? "").length).toBeLessThan(1100);
    }
  });

  test("because it has more in a volume than that may hold, which is a bound that was hit", async () => {
    const { recording } = await range.detonate(TRUE, { image, plan: { volumes: ["/data"] } });
    expect(recording.outcome.kind).toBe("never-started");
    expect(recording.limits).toMatchObject([{ limit: "volume", bound: 8 * 1024 * 1024, affectedSample: true }]);
  });
});

test("an image that asks for a volume in a form that can't be bounded is refused", async () => {
  const image = await range.build([], { Volumes: { "relative/folder": {} } });
  await expect(range.detonate("true", { image })).rejects.toMatchObject({ code: "IMAGE_MALFORMED" });
});

test("a tag that moved meanwhile runs nothing else than what was pinned", async () => {
  const image = await range.build([[{ path: "which", content: "pinned" }]]);
  await range.build([[{ path: "which", content: "moved" }]], {}, image.reference);
  const { recording } = await range.detonate("cat /which", { image });
  expect(recording.output.stdout.text).toBe("pinned");
  await range.sandbox.images.remove(image.configDigest);
  await expect(range.detonate("cat /which", { image })).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
});

test("two samples at once are kept apart", async () => {
  const script = (word: string) =>
    `echo ${word}; echo ${word} >/tmp/${word}; nc -w 1 ${word}.example.test 80 </dev/null; sleep 1`;
  const words = ["left", "right"];
  const trials = await Promise.all(
    words.map((word) => range.detonate(script(word), { plan: { hostname: `${word}-1` } })),
  );
  for (const [index, { recording, lines, sink }] of trials.entries()) {
    const [own = "", other = ""] = index === 0 ? words : words.toReversed();
    expect(recording.output.stdout.text).toBe(`${own}\n`);
    expect(recording.layer.map(({ path }) => path)).toEqual([`/tmp/${own}`]);
    expect(sink).toContain(`${own}.example.test`);
    expect([JSON.stringify(recording), ...lines, sink].join("\n")).not.toContain(other);
  }
});
