import type { ImageProgram, LayerEntry, TraceProgram, TraceRecord } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { createExecutedPrograms } from "./executed-programs.ts";
import { createFileOrigins } from "./file-origin.ts";
import { extractRecords } from "./testing/extracting.ts";
import { recording } from "./testing/recordings.ts";
import { by, file, task } from "./testing/trace-records.ts";

const shell = task(1);
const ELF = Buffer.from("\x7fELF", "latin1");
const upper = { layer: "upper" } as const;
const copied = (sha256: string): TraceProgram => ({ state: "copied", size: 4n, sha256, head: ELF });
const ofImage = (path: string, sha256: string): ImageProgram => ({ path, sha256, size: 1 });
const exec = (path: string, changes: Parameters<ReturnType<typeof by>["exec"]>[2] = {}, ms = 1) =>
  by(shell).exec(ms, [path], { file: file(path, { ...upper, mode: 0o100755 }), ...changes });

function look(records: readonly TraceRecord[], imagePrograms: ImageProgram[] = [], layer: LayerEntry[] = []) {
  const programs = createExecutedPrograms(createFileOrigins(recording({ imagePrograms, layer })));
  for (const record of records) if (record.kind === "exec" || record.kind === "program") programs.note(record);
  const { fields } = extractRecords(records, { recording: { imagePrograms, layer } });
  return { list: programs.list(), uncopied: programs.uncopied(), creations: fields("process_creation") };
}

describe("what an exec ran", () => {
  test("is the image's own, by its hash", () => {
    const { creations, list } = look([by(shell).exec(1, ["/bin/sh"])], [ofImage("/bin/sh", "aa")]);
    expect(creations).toMatchObject([{ Sha256: "aa", ImageOrigin: "image" }]);
    expect(list).toEqual([]);
  });

  test("is what was copied, though the file is gone, memory only or another at the end", () => {
    const memory = file("/memfd:x", { layer: "none", memfd: true, deleted: true });
    const { creations, list, uncopied } = look([
      exec("/tmp/x", { program: copied("aa") }),
      exec("/tmp/x", { program: copied("bb") }, 2),
      exec("/tmp/x", { program: copied("aa") }, 3),
      exec("memory", { file: memory, held: true }, 4),
      { ...by(shell).exit(5), kind: "program", execTime: 4_000_000n, program: copied("cc") },
    ]);
    expect(creations.map(({ Sha256 }) => Sha256)).toEqual(["aa", "bb", "aa", "cc"]);
    expect(list).toEqual([
      { path: "/tmp/x", change: "added", sha256: "aa", size: 4, type: "elf", mode: "0755", kept: true },
      { path: "/tmp/x", change: "added", sha256: "bb", size: 4, type: "elf", mode: "0755", kept: true },
      { path: "/memfd:x", change: "added", sha256: "cc", size: 4, type: "elf", mode: "0644", kept: true },
    ]);
    expect(uncopied).toBe(0);
  });

  test("is not the file that lies there at the end, when what ran is not known", () => {
    const last = { path: "/tmp/x", change: "added", where: "layer", type: "file", size: 1, mode: "0755" } as const;
    const layer = [{ ...last, uid: 0, gid: 0, sha256: "ee" }];
    const { creations, uncopied } = look([exec("/tmp/x", { unheld: true })], [], layer);
    expect(creations[0]).not.toHaveProperty("Sha256");
    expect(uncopied).toBe(1);
    expect(look([exec("/tmp/x")], [], layer).creations).toMatchObject([{ Sha256: "ee" }]);
  });

  test("is a script too, of the image or not", () => {
    const asked = { filename: "run", interpreter: "/bin/sh", cwd: "/app", file: file("/bin/sh") };
    const script: TraceProgram = { state: "copied", size: 9n, sha256: "dd", head: Buffer.from("#!/bin/sh") };
    const own = look([exec("x", asked)], [ofImage("/app/run", "aa"), ofImage("/bin/sh", "bb")]);
    expect(own.creations).toMatchObject([{ Sha256: "bb", Script: "/app/run", ScriptSha256: "aa" }]);
    const made = look([exec("x", { ...asked, script })], [ofImage("/bin/sh", "bb")]);
    expect(made.creations).toMatchObject([{ Sha256: "bb", ScriptSha256: "dd" }]);
    expect(made.list).toMatchObject([{ path: "/app/run", sha256: "dd", type: "script", kept: true }]);
  });
});

describe("a file of the image that was changed", () => {
  const changed = (path: string) =>
    ({ path, change: "changed", where: "layer", type: "file", size: 1, mode: "0700", uid: 0, gid: 0 }) as const;

  test("in its rights only holds what it held", () => {
    const { creations, list } = look(
      [exec("/bin/tool", { program: copied("aa") })],
      [ofImage("/bin/tool", "aa")],
      [changed("/bin/tool")],
    );
    expect(creations).toMatchObject([{ ImageOrigin: "copied-up", Sha256: "aa", ImageContentChanged: false }]);
    expect(list).toEqual([]);
  });

  test("and changed back is still no new file", () => {
    const { creations } = look([exec("/bin/tool", { program: copied("aa") })], [ofImage("/bin/tool", "aa")]);
    expect(creations).toMatchObject([{ ImageOrigin: "copied-up", ImageContentChanged: false }]);
  });

  test("in what it holds is another", () => {
    const { creations, list } = look(
      [exec("/bin/tool", { program: copied("bb") })],
      [ofImage("/bin/tool", "aa")],
      [changed("/bin/tool")],
    );
    expect(creations).toMatchObject([{ ImageOrigin: "copied-up", Sha256: "bb", ImageContentChanged: true }]);
    expect(list).toMatchObject([{ path: "/bin/tool", change: "changed", sha256: "bb" }]);
  });
});

test("what nobody has a copy of is counted, unless the image has it", () => {
  const hashed = (sha256: string): TraceProgram => ({ ...copied(sha256), state: "hashed" });
  const gone: TraceProgram = { state: "gone", size: 0n, head: ELF };
  const { uncopied } = look(
    [
      exec("/bin/owned", { program: hashed("aa") }),
      exec("/tmp/large", { program: hashed("bb") }, 2),
      exec("/tmp/large", { program: hashed("bb") }, 3),
      exec("/tmp/quick", { held: true }, 4),
      { ...by(shell).exit(5), kind: "program", execTime: 4_000_000n, program: gone },
    ],
    [ofImage("/bin/owned", "aa")],
  );
  expect(uncopied).toBe(2);
});
