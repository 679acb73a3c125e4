import { readFileSync } from "node:fs";
import type { PinnedImage } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { findWorkload } from "./recorder/workload-run.ts";
import { TestRange } from "./test-range.ts";

/** Programs that do what a recorder could miss, as samples in the real sandbox: what is not in the trace is in the layer. */

const PROGRAMS = ["brief", "hidden", "parting", "uring"];

let range: TestRange;
let image: PinnedImage;

beforeAll(async () => {
  range = await TestRange.open();
  const files = PROGRAMS.map((name) => ({ path: `bin/${name}`, content: readFileSync(findWorkload(name)) }));
  image = await range.build([[...files, { path: "work" }]]);
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

/** Without what a static C library does before `main`. */
async function detonate(argv: readonly string[], plan: { durationMs?: number } = {}) {
  const trial = await range.detonate(argv, { image, plan });
  return { ...trial, lines: trial.lines.filter((line) => line !== "readlink /proc/self/exe ok") };
}

const begin = (argv: readonly string[]) => `exec ${argv[0]} lower [${argv.join(" ")}] PATH=/bin HOME=/`;

test("samples of a millisecond are all recorded whole", async () => {
  const argvs = [3, 5, 7, 11, 13].map((status) => ["/bin/brief", `${status}`]);
  const trials = await Promise.all(argvs.map((argv) => detonate(argv)));
  expect(trials.map(({ lines }) => lines)).toEqual(argvs.map((argv) => [begin(argv), `exit ${argv[1]}`]));
});

test("what a sample does when it is asked to stop is recorded", async () => {
  const argv = ["/bin/parting", "/work/note"];
  const { lines, recording, dropped, sink } = await detonate(argv, { durationMs: 1000 });
  expect(lines).toEqual([
    begin(argv),
    "open new /work/note = /work/note upper ok",
    "connect 2/1/6 to 203.0.113.9:4444 ok",
    'wrote /work/note upper 7 in 1 "parting"',
    "exit 5",
  ]);
  expect(recording.outcome).toMatchObject({ kind: "timed-out" });
  expect(dropped(recording.layer.find(({ path }) => path === "/work/note")?.kept ?? "")).toBe("parting");
  expect(sink).toContain("203.0.113.9");
});

test("contents that no call has written are in the layer", async () => {
  const { lines, recording, dropped } = await detonate(["/bin/hidden", "/work", "keep"]);
  expect(lines).toContain("mmap = /work/mapped upper ok");
  expect(lines).toContain("io_setup blocked ENOSYS");
  expect(lines.at(-1)).toBe("exit 3");
  const kept = recording.layer.map(({ path, kept: name }) => [path, dropped(name ?? "").replace(/\0+$/, "")]);
  expect(Object.fromEntries(kept)).toMatchObject({
    "/work/mapped": "written by no call",
    "/work/piped": "splicedspliced",
    "/work/vector": "vector!vector!vec",
    "/work/named": "nameless",
  });
});

test("io_uring is refused, and the attempt recorded", async () => {
  const argv = ["/bin/uring", "/work"];
  const { lines } = await detonate(argv);
  expect(lines).toEqual([begin(argv), "chdir /work lower ok", "io_uring_setup blocked EPERM", "exit 77"]);
});
