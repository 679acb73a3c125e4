import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findWorkload } from "./recorder/workload-run.ts";
import { TestRange, type Trial } from "./test-range.ts";

/** What ran is known by its content, wherever it came from and however short it was there. */

let range: TestRange;
beforeAll(async () => {
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const hashOf = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const busybox = hashOf(readFileSync("/bin/busybox"));
const workload = findWorkload("dropped");
const written = (tail: string) => hashOf(Buffer.concat([readFileSync(workload), Buffer.from(tail)]));

const execsOf = ({ records }: Trial) => records.filter((record) => record.kind === "exec");
const limits = { droppedFileBytes: 4 * 1024 * 1024, droppedFilesBytes: 64 * 1024 * 1024 };

describe("in a container", () => {
  test("50 of 50 programs that live for no time leave a copy of what was run", async () => {
    const image = await range.build([[{ path: "bin/dropped", content: readFileSync(workload) }]]);
    const trial = await range.detonate(["/bin/dropped", "/tmp", "50"], { image, limits });
    expect(trial.recording).toMatchObject({ outcome: { kind: "exited", code: 0 }, layer: [], limits: [] });
    const programs = execsOf(trial).flatMap(({ program }) => program ?? []);
    const wanted = Array.from({ length: 50 }, (_, number) => written(String(number)));
    expect(programs.map(({ sha256, state }) => [sha256, state])).toEqual(wanted.map((sha256) => [sha256, "copied"]));
    expect(trial.copies).toEqual(wanted.toSorted());
    expect(trial.recording.imagePrograms).toEqual([
      { path: "/bin/dropped", size: readFileSync(workload).length, sha256: written("") },
    ]);
  });

  test("so do a program in memory, a script, and one in a volume", async () => {
    const image = await range.build([[{ path: "bin/dropped", content: readFileSync(workload) }]], {
      Volumes: { "/data": {} },
    });
    const command =
      "/bin/dropped /data && printf '#!/bin/sh\\nexit 5\\n' >/data/script && chmod 700 /data/script && /data/script";
    const trial = await range.detonate(command, { image, limits });
    expect(trial.recording.outcome).toMatchObject({ kind: "exited", code: 5 });
    const script = hashOf("#!/bin/sh\nexit 5\n");
    const all = [written("once"), written("memory"), written("thrice"), hashOf("#!/bin/dropped vanish\n"), script];
    expect(trial.copies).toEqual(all.toSorted());
    expect(execsOf(trial).at(-1)).toMatchObject({ script: { state: "copied", sha256: script } });
  });

  test("the image's own are known too, by the way that led to them, and what was made of them", async () => {
    const start = { path: "bin/start", content: "#!/bin/sh\n/bin/kept true; /bin/changed true; exit 0\n" };
    const tools = ["kept", "changed"].map((name) => ({
      path: `bin/${name}`,
      content: readFileSync("/bin/busybox"),
    }));
    const image = await range.build([[start, ...tools, { path: "bin/link", linkTo: "start" }]]);
    const command = "chmod 700 /bin/kept; echo >>/bin/changed; /bin/link";
    const trial = await range.detonate(command, { image, limits });
    const found = Object.fromEntries((trial.recording.imagePrograms ?? []).map(({ path, sha256 }) => [path, sha256]));
    expect(found).toMatchObject({
      "/bin/busybox": busybox,
      "/bin/kept": busybox,
      "/bin/changed": busybox,
      "/bin/link": hashOf(start.content),
    });
    const changed = hashOf(Buffer.concat([readFileSync("/bin/busybox"), Buffer.from("\n")]));
    const programs = execsOf(trial).flatMap(({ file, program }) => (program ? [[file.path, program.sha256]] : []));
    expect(programs).toEqual([
      ["/bin/kept", busybox],
      ["/bin/changed", changed],
    ]);
  });

  test("what is beyond the bounds is hashed all the same", async () => {
    const command = "cp /bin/busybox /tmp/large; /tmp/large true; rm /tmp/large";
    const trial = await range.detonate(command, { limits: { droppedFileBytes: 1000 } });
    expect(execsOf(trial).flatMap(({ program }) => program ?? [])).toMatchObject([
      { state: "hashed", sha256: busybox },
    ]);
    expect(trial.copies).toEqual([]);
  });
});
