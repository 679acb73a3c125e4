import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "@airlock/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";
import { type Cage, findWorkload, makeCage, readAll, recordWorkload, runInside } from "./workload-run.ts";

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

const calls = findWorkload("calls");

function track(cage: Cage, from = recorder) {
  const { cgroup, trace } = cage;
  return from.track({ cgroupPath: cgroup, outputPath: trace, ringBytes: 8 << 20, traceBytes: 64 << 20, begin: "any" });
}

describe("Recorder", () => {
  it("attributes what two samples do at once to each its own", async () => {
    const runs = await Promise.all([
      recordWorkload(recorder, [calls, "absent", "5001"]),
      recordWorkload(recorder, [calls, "absent", "3003"]),
    ]);
    const seen = runs.map(({ records, account }) => ({
      opens: records.filter(({ kind }) => kind === "open").length,
      processes: new Set(records.map(({ task }) => task.key)).size,
      counted: account.syscalls["openat"],
      dropped: account.classes["bulk"]?.dropped,
    }));
    expect(seen).toEqual([
      { opens: 5001, processes: 1, counted: { calls: 5001, failed: 5001, denied: 0 }, dropped: 0 },
      { opens: 3003, processes: 1, counted: { calls: 3003, failed: 3003, denied: 0 }, dropped: 0 },
    ]);
  });

  it("delivers an open once and counts its exact repeats as suppressed", async () => {
    const run = await recordWorkload(recorder, [calls, "open", "5001"]);
    expect(run.lines).toEqual([`exec ${calls} [${calls} open 5001]`, "open /etc/passwd = /etc/passwd ok", "exit 0"]);
    expect(run.account.classes["bulk"]).toEqual({
      counted: 5001 + run.startUps,
      delivered: 1 + run.startUps,
      suppressed: 5000,
      dropped: 0,
    });
    expect(run.account.syscalls["openat"]).toEqual({ calls: 5001, failed: 0, denied: 0 });
  });

  it("bounds an argument list and says so", async () => {
    const [exec] = (await recordWorkload(recorder, [calls, "getppid", "1", "x".repeat(40_013)])).records;
    expect(exec).toMatchObject({ kind: "exec", argvTruncated: true });
    const argv = exec?.kind === "exec" ? exec.argv : [];
    expect(argv.slice(0, 3)).toEqual([calls, "getppid", "1"]);
    expect(argv.at(-2)).toBe("…");
    expect(argv.at(-1)).toBe("x".repeat(4094));
    expect(argv.slice(0, -2).join("\0")).toHaveLength(32_767);
  });

  it("stops a sample for as long as its ring takes to drain", async () => {
    const run = await recordWorkload(recorder, [calls, "absent", "60013"], { ringBytes: 65_536, freezes: true });
    const { decisive, bulk } = run.account.classes;
    expect(run.account.frozenMs).toBeGreaterThan(0);
    expect(run.ended).toBe(0); // it runs on after each stop
    expect(bulk?.counted).toBe(60_013 + run.startUps);
    expect(decisive?.dropped).toBe(0);
    expect(run.records).toHaveLength((bulk?.delivered ?? 0) - run.startUps + 2);
  });

  it("says that a sample never began when nothing was executed, whatever was done", async () => {
    const cage = makeCage();
    const session = await track(cage);
    // As a container runtime does: into the cgroup, a few calls, and then no exec.
    const child = spawn("/bin/sh", ["-c", `echo $$ > ${cage.cgroup}/cgroup.procs; cd /; cd /tmp; :`]);
    await once(child, "close");
    const account = await session.seal();
    expect(account).toMatchObject({ started: false, syscalls: {}, classes: { decisive: { counted: 0 } } });
    expect((await readAll(cage.trace)).records).toEqual([]);
    expect(session.hasStarted).toBe(false);
    await cage.remove();
  });

  it("takes only what is executed in a container for the sample, unless told otherwise", async () => {
    const run = await recordWorkload(recorder, ["/usr/bin/unshare", "-m", calls, "getppid", "7"], {
      begin: "container",
    });
    expect(run.lines).toEqual([`exec ${calls} [${calls} getppid 7]`, expect.stringMatching(/^exit 0$/)]);
    expect(run.account.syscalls["getppid"]).toEqual({ calls: 7, failed: 0, denied: 0 });
    expect(run.account.syscalls["unshare"]).toBeUndefined();
  });

  it("counts exactly what a full ring and a full file lose, and keeps decisive records longest", async () => {
    for (const bound of [{ ringBytes: 65_536 }, { traceBytes: 262_144 }]) {
      const run = await recordWorkload(recorder, [calls, "absent", "20011"], bound);
      const { decisive, bulk } = run.account.classes;
      expect(bulk).toMatchObject({ counted: 20_011 + run.startUps, suppressed: 0 });
      expect(bulk?.dropped).toBeGreaterThan(0);
      expect(run.records.filter(({ kind }) => kind === "open")).toHaveLength((bulk?.delivered ?? -1) - run.startUps);
      expect(decisive).toEqual({ counted: 2, delivered: 2, suppressed: 0, dropped: 0 });
      expect(run.lines.at(-1)).toBe("exit 0");
      expect(run.damage).toEqual({ malformed: 0, truncated: false });
      expect(run.account.syscalls["openat"]).toMatchObject({ calls: 20_011 });
    }
  });

  it("tells live figures and the start", async () => {
    const cage = makeCage();
    const session = await track(cage);
    expect(session.hasStarted).toBe(false);
    const run = runInside(cage, ["/bin/sleep", "1"]);
    await session.started;
    expect(session.hasStarted).toBe(true);
    while (session.progress().events === 0) await sleep(20);
    expect(session.progress().lost).toBe(0);
    await run;
    const account = await session.seal();
    expect(account.heartbeats).toBeGreaterThan(0);
    expect(await session.seal()).toBe(account);
    await cage.remove();
  });

  it("refuses a folder that is none of the v2 tree, and a file that exists", async () => {
    const cage = makeCage();
    const good = { cgroupPath: cage.cgroup, outputPath: cage.trace, ringBytes: 1 << 20, traceBytes: 1 << 20 };
    const fault = { code: "TRACER_FAILED" };
    await expect(recorder.track({ ...good, cgroupPath: "/tmp" })).rejects.toMatchObject(fault);
    await expect(recorder.track({ ...good, cgroupPath: `${cage.cgroup}/absent` })).rejects.toMatchObject(fault);
    await expect(recorder.track({ ...good, cgroupPath: `${cage.cgroupTop}/..` })).rejects.toMatchObject(fault);
    await expect(recorder.track({ ...good, outputPath: "/etc/hostname" })).rejects.toMatchObject(fault);
    const session = await recorder.track(good);
    await expect(recorder.track({ ...good, outputPath: `${cage.trace}2` })).rejects.toMatchObject(fault);
    await session.seal();
    await cage.remove();
  });

  it("names a missing tracer", async () => {
    const start = Recorder.start({ tracerPath: "/nowhere/airlock-tracer", onDeath: () => undefined });
    await expect(start).rejects.toMatchObject({ code: "TRACER_MISSING" });
  });
});

describe("a tracer's death", () => {
  it("is told, ends running recordings as incomplete, and leaves books and records of before", async () => {
    const deaths: Fault[] = [];
    const own = await Recorder.start({ onDeath: (fault) => deaths.push(fault) });
    const cage = makeCage();
    const session = await track(cage, own);
    const run = runInside(cage, ["/bin/sleep", "1"]);
    while (session.progress().events === 0) await sleep(20);
    expect(session.alive).toBe(true);
    process.kill(own.pid, "SIGKILL");
    while (session.alive) await sleep(10);
    expect(own.alive).toBe(false);
    expect(deaths.map(({ code }) => code)).toEqual(["TRACER_FAILED"]);
    expect(await session.seal()).toMatchObject({ started: true, classes: { decisive: { delivered: 1 } } });
    const { records, damage } = await readAll(cage.trace);
    expect(damage.truncated).toBe(true);
    expect(records.map(({ kind }) => kind)).toContain("exec");
    await expect(track(cage, own)).rejects.toMatchObject({ code: "TRACER_FAILED" });
    await own.close();
    await run;
    await cage.remove();
  });

  it("follows that of its parent, and the sample's does too", async () => {
    const cage = makeCage();
    const options = { cgroupPath: cage.cgroup, outputPath: cage.trace, ringBytes: 1 << 20, traceBytes: 1 << 20 };
    const source = `
      import { Recorder } from "${new URL("./recorder.ts", import.meta.url).pathname}";
      const recorder = await Recorder.start({ onDeath: () => undefined });
      await recorder.track(${JSON.stringify(options)});
      console.log(recorder.pid);
    `;
    const child = spawn(process.execPath, [
      "--import",
      "tsx",
      "--conditions",
      "@airlock/source",
      "--input-type=module",
      "-",
    ]);
    child.stdin.end(source);
    const [pid] = (await once(child.stdout, "data")) as [Buffer];
    const tracer = Number(pid.toString());
    const sample = runInside(cage, ["/bin/sleep", "600"]);
    while (readFileSync(join(cage.cgroup, "cgroup.procs"), "utf8") === "") await sleep(20);
    expect(isRunning(tracer)).toBe(true);
    child.kill("SIGKILL");
    while (isRunning(tracer)) await sleep(20);
    expect(await sample).toMatchObject({ ended: "SIGKILL" });
    await cage.remove();
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
