import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TraceRecord } from "@airlock/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CgroupDriver, SampleCgroup } from "../cgroup.ts";
import { createRunName } from "../run-name.ts";
import { Recorder } from "./recorder.ts";
import { describeRecord } from "./trace-line.ts";
import { findWorkload, readAll } from "./workload-run.ts";

/** A real container of the engine's own making: what its runtime does must not show, and layers must be told apart. */

const image = `${createRunName()}:recorder`.toLowerCase();
let recorder: Recorder;
let folder: string;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
  folder = mkdtempSync(join(tmpdir(), "airlock-recorder-image-"));
  buildImage();
});

afterAll(async () => {
  await recorder.close();
  spawnSync("docker", ["image", "rm", "-f", image]);
  rmSync(folder, { recursive: true, force: true });
});

function buildImage(): void {
  const root = join(folder, "root");
  for (const name of ["bin", "etc", "tmp", "work", "proc", "sys", "dev"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  for (const name of ["calls", "tool", "kept"]) copyFileSync(findWorkload("calls"), join(root, "bin", name));
  writeFileSync(join(root, "bin/start"), "#!/bin/busybox sh\nexec /bin/calls getppid 3\n");
  chmodSync(join(root, "bin/start"), 0o755);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\n");
  execFileSync("tar", ["-C", root, "-cf", join(folder, "root.tar"), "."]);
  execFileSync("docker", ["import", join(folder, "root.tar"), image]);
}

async function recordContainer(
  argv: readonly string[],
): Promise<{ lines: string[]; records: TraceRecord[]; status: number | null }> {
  const name = createRunName();
  const driver = execFileSync("docker", ["info", "-f", "{{.CgroupDriver}}"], {
    encoding: "utf8",
  }).trim() as CgroupDriver;
  const cgroup = SampleCgroup.create(driver, name);
  const trace = join(folder, `${name}.trace`);
  try {
    const bounds = { ringBytes: 8 << 20, traceBytes: 64 << 20 };
    const session = await recorder.track({ cgroupPath: cgroup.path, outputPath: trace, ...bounds });
    const options = [
      "--rm",
      "--network",
      "none",
      "--cap-drop",
      "ALL",
      "--cap-add",
      "FOWNER",
      "--cap-add",
      "DAC_OVERRIDE",
    ];
    const place = ["--name", name, "--cgroup-parent", cgroup.place.engineParent];
    const { status } = spawnSync("docker", ["run", ...options, ...place, image, ...argv], { stdio: "ignore" });
    const account = await session.seal();
    expect(account).toMatchObject({ started: true, classes: { decisive: { dropped: 0 }, bulk: { dropped: 0 } } });
    const { records, damage } = await readAll(trace);
    expect(damage).toEqual({ malformed: 0, truncated: false });
    // Which names a program looks at before it acts is its library's matter.
    const deeds = records.filter((record) => record.kind !== "path" || !LOOKS.has(record.operation));
    return { lines: deeds.map(describeRecord), records: deeds, status };
  } finally {
    await cgroup.remove();
  }
}

const LOOKS: ReadonlySet<string> = new Set(["access", "stat", "readlink"]);

describe("in a container", () => {
  it("begins with the entry point and ends with it", async () => {
    const { lines, records, status } = await recordContainer(["/bin/calls", "getppid", "5"]);
    expect(status).toBe(0);
    expect(lines).toEqual([
      "exec /bin/calls lower [/bin/calls getppid 5] PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/",
      "exit 0",
    ]);
    expect(records[0]).toMatchObject({
      kind: "exec",
      cwd: "/",
      task: { nsPid: 1, uid: 0 },
      file: { layer: "lower", magic: 0x794c7630 },
      streams: [{ kind: "null" }, { kind: "pipe" }, { kind: "pipe" }],
    });
  });

  it("tells what came with the image from what was made or changed in the run", async () => {
    const script = [
      "/bin/start",
      "/bin/busybox cp /bin/tool /tmp/new",
      "/tmp/new getppid 1",
      "/bin/busybox chmod 700 /bin/kept",
      "/bin/kept getppid 1",
      "/bin/busybox mount -i -t tmpfs none /tmp",
    ].join("; ");
    const { lines } = await recordContainer(["/bin/busybox", "sh", "-c", `${script}; exit 9`]);
    expect(lines.map((line) => line.replace(/ (PATH|HOME)=\S*/g, ""))).toEqual([
      `exec /bin/busybox lower [/bin/busybox sh -c ${script}; exit 9]`,
      "fork",
      "exec /bin/busybox lower by /bin/busybox for /bin/start [/bin/busybox sh /bin/start]",
      "open /bin/start = /bin/start lower ok",
      "exec /bin/calls lower [/bin/calls getppid 3]",
      "exit 0",
      "fork",
      "exec /bin/busybox lower [/bin/busybox cp /bin/tool /tmp/new]",
      "open /bin/tool = /bin/tool lower ok",
      "open new /tmp/new = /tmp/new upper ok",
      expect.stringMatching(/^wrote \/tmp\/new upper \d+ in \d+ /),
      "exit 0",
      "fork",
      "exec /tmp/new upper [/tmp/new getppid 1]",
      "exit 0",
      "fork",
      "exec /bin/busybox lower [/bin/busybox chmod 700 /bin/kept]",
      "chmod /bin/kept mode 700 ok",
      "exit 0",
      "fork",
      // A change of its mode alone has copied it up.
      "exec /bin/kept upper [/bin/kept getppid 1]",
      "exit 0",
      "fork",
      "exec /bin/busybox lower [/bin/busybox mount -i -t tmpfs none /tmp]",
      "mount none /tmp tmpfs blocked EPERM",
      "exit 1",
      "exit 9",
    ]);
  });
});
