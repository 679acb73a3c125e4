import type { LimitHit } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TestRange } from "./test-range.ts";

/** What happens when a sample grows into its bounds: the run ends well, and the report can say which bound it was. */

const MiB = 1024 * 1024;
let range: TestRange;

beforeAll(async () => {
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const hit = (limit: LimitHit["limit"], affectedSample: boolean) => expect.objectContaining({ limit, affectedSample });

describe("bounds that the kernel enforces", () => {
  test("a fork bomb runs into the bound of processes and is gone afterwards", async () => {
    const script = "bomb() { bomb | bomb & }; bomb; sleep 100";
    const { recording } = await range.detonate(script, { plan: { durationMs: 2000 } });
    expect(recording.limits).toContainEqual(hit("pids", true));
    expect(recording.stoppedEarly).toBe(false);
  });

  test("a fork bomb whose first process ends at once is seen to have hit the bound, though its counters are gone", async () => {
    const script = "i=0; while [ $i -lt 100 ]; do sleep 0.1 & i=$((i+1)); done";
    const { recording } = await range.detonate(script, { limits: { pids: 20 } });
    expect(recording.limits).toContainEqual(hit("pids", true));
  });

  test("a sample that takes all memory is killed for it", async () => {
    // One line without end is held in memory as a whole.
    const { recording } = await range.detonate(["/bin/busybox", "tail", "/dev/zero"], {
      limits: { memoryBytes: 32 * MiB },
    });
    expect(recording.outcome).toMatchObject({ kind: "killed", signal: "SIGKILL" });
    expect(recording.limits).toContainEqual(hit("memory", true));
  });

  test("a child that is killed for its memory is noticed while the sample goes on", async () => {
    const script = "busybox tail /dev/zero; echo survived; sleep 1";
    const { recording } = await range.detonate(script, { limits: { memoryBytes: 32 * MiB } });
    expect(recording.output.stdout.text).toBe("survived\n");
    expect(recording.outcome).toMatchObject({ kind: "exited", code: 0 });
    expect(recording.limits).toContainEqual(hit("memory", true));
  });

  test("a full volume and a full /dev/shm are noticed", async () => {
    const image = await range.build([], { Volumes: { "/data": {} } });
    const script = "dd if=/dev/zero of=/data/x bs=64k; dd if=/dev/zero of=/dev/shm/x bs=64k; sleep 1";
    const { recording } = await range.detonate(script, { image, limits: { volumeBytes: MiB, shmBytes: MiB } });
    const details = recording.limits.filter(({ limit }) => limit === "volume").map(({ detail }) => detail);
    expect(details).toEqual(["/data was full", "/dev/shm was full"]);
  });
});

describe("bounds that we enforce", () => {
  const withinDisk = async (script: string, diskBytes = 32 * MiB) => {
    const { recording } = await range.detonate(script, { limits: { diskBytes } });
    expect(recording.limits).toContainEqual(hit("disk", true));
    expect(recording).toMatchObject({ outcome: { kind: "killed" }, stoppedEarly: true });
    return recording;
  };

  test("a sample that fills the disk is stopped", async () => {
    await withinDisk("while :; do dd if=/dev/zero of=/tmp/big bs=1M count=200 conv=notrunc; done");
  });

  test("a file that has no name any more fills the disk all the same", async () => {
    const recording = await withinDisk("exec 3>/tmp/x; rm /tmp/x; dd if=/dev/zero bs=1M count=100 >&3; sleep 100");
    expect(recording.layer).toEqual([]);
  });

  test("the engine's own /etc files lie on the same disk", async () => {
    await withinDisk("dd if=/dev/zero of=/etc/hosts bs=1M count=100; sleep 100");
  });

  test("endless empty files are a full disk too", async () => {
    await withinDisk(
      "mkdir /tmp/d; cd /tmp/d; i=0; while :; do for n in 0 1 2 3 4 5 6 7 8 9; do : >$i$n; done; i=$((i+1)); done",
      4 * MiB,
    );
  });

  test("a flood of output is read to its end, and the head is kept", async () => {
    const script = "yes 0123456 | busybox head -c 20000000; yes e 1>&2 | busybox head -c 1 >/dev/null & sleep 1";
    const { recording } = await range.detonate(script, { limits: { outputBytes: 1000 } });
    const { stdout, stderr } = recording.output;
    expect(stdout).toEqual({ text: "0123456\n".repeat(125), bytes: 20_000_000, truncated: true });
    expect(stderr.truncated).toBe(true);
    expect(recording.limits).toContainEqual(hit("output", false));
  });

  test("files beyond the bounds are reported and not copied", async () => {
    const script = "cd /tmp; for i in 1 2 3 4; do echo $i >small$i; done; dd if=/dev/zero of=large bs=1k count=9";
    const { recording } = await range.detonate(script, { limits: { droppedFiles: 3, droppedFileBytes: 8192 } });
    expect(recording.layer.map(({ path, kept }) => [path, kept !== undefined])).toEqual([
      ["/tmp/large", false],
      ["/tmp/small1", true],
      ["/tmp/small2", true],
      ["/tmp/small3", true],
      ["/tmp/small4", false],
    ]);
    expect(recording.limits).toContainEqual(hit("dropped-files", false));
  });
});
