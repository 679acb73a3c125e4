import type { PinnedImage } from "@airlock/contracts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { TestRange, type Trial } from "./test-range.ts";

/** What a sample leaves in files: of the writable layer, the volumes, the shared memory, and the engine's own /etc files. */

let range: TestRange;
let image: PinnedImage;

beforeAll(async () => {
  range = await TestRange.open();
  image = await range.build(
    [
      [
        { path: "data", uid: 1000, gid: 1000, mode: 0o750 },
        { path: "data/old", content: "of the image\n", uid: 1000, mode: 0o640 },
        { path: "opt/app", content: "#!/bin/sh\n" },
        { path: "opt/config", content: "a=1\n" },
        { path: "opt/cache/one", content: "1" },
        { path: "opt/cache/two", content: "2" },
      ],
    ],
    { Volumes: { "/data": {}, "/new": {} } },
  );
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
});
afterAll(() => range.close());

const changes = ({ recording }: Trial) =>
  recording.layer.map(({ change, path, where }) => `${where} ${change} ${path}`);
const contentOf = (trial: Trial, path: string) =>
  trial.dropped(trial.recording.layer.find((entry) => entry.path === path)?.kept ?? "");

test("what was only read or touched is no change; what was written, moved, linked, deleted or made anew is", async () => {
  const trial = await range.detonate(
    `cat /opt/config >/dev/null; busybox touch /opt/app
     echo b=2 >> /opt/config; echo new > /tmp/new; busybox ln -s /etc/shadow /tmp/link; busybox rm /etc/group
     busybox rm -r /opt/cache; busybox mkdir /opt/cache; echo 2 > /opt/cache/two
     echo gone > /tmp/gone; busybox rm /tmp/gone; busybox mknod /tmp/fifo p`,
    { image },
  );
  expect(changes(trial)).toEqual([
    "layer deleted /etc/group",
    "layer deleted /opt/cache/one",
    "layer changed /opt/cache/two",
    "layer changed /opt/config",
    "layer added /tmp/fifo",
    "layer added /tmp/link",
    "layer added /tmp/new",
  ]);
  expect(contentOf(trial, "/opt/config")).toBe("a=1\nb=2\n");
  expect(trial.recording.layer.find(({ path }) => path === "/tmp/link")).toMatchObject({ linkTarget: "/etc/shadow" });
});

test("a volume begins with the image's files and owners, lets programs run, and is read when the sample has ended", async () => {
  const trial = await range.detonate(
    `busybox stat -c '%a %u %g' /data /data/old /new; cat /data/old
     echo kept > /data/kept; busybox cp /bin/busybox /data/echo; /data/echo ran; busybox rm /data/old`,
    { image },
  );
  expect(trial.recording.output).toMatchObject({
    stdout: { text: "750 1000 1000\n640 1000 0\n755 0 0\nof the image\nran\n" },
    stderr: { text: "" },
  });
  expect(changes(trial)).toEqual(["volume deleted /data/old", "volume added /data/echo", "volume added /data/kept"]);
  expect(contentOf(trial, "/data/kept")).toBe("kept\n");
});

test("shared memory and the engine's own files are read too", async () => {
  const trial = await range.detonate("echo payload > /dev/shm/x; echo 10.0.0.1 bank.test >> /etc/hosts", { image });
  expect(changes(trial)).toEqual(["shm added /dev/shm/x", "engine-etc changed /etc/hosts"]);
  expect(contentOf(trial, "/dev/shm/x")).toBe("payload\n");
  expect(contentOf(trial, "/etc/hosts")).toMatch(/10\.0\.0\.1 bank\.test\n$/);
});

test("what hides among the devices is found, and what the runtime put there is not the sample's", async () => {
  const script = `
    mkdir -p /dev/.x/y; echo payload > /dev/.x/y/z; busybox ln -s /etc/shadow /dev/link
    busybox rm /dev/zero; echo fake > /dev/zero; busybox mkfifo /dev/pipe; sleep 0.2`;
  const trial = await range.detonate(script.replaceAll("mkdir", "busybox mkdir"), { image });
  expect(changes(trial)).toEqual(
    ["/dev/.x", "/dev/.x/y", "/dev/.x/y/z", "/dev/link", "/dev/pipe", "/dev/zero"].map((path) => `shm added ${path}`),
  );
  expect(contentOf(trial, "/dev/.x/y/z")).toBe("payload\n");
  expect(contentOf(trial, "/dev/zero")).toBe("fake\n");
});

test("links out of a volume or out of shared memory are not followed on the host", async () => {
  const trial = await range.detonate("busybox ln -s / /data/root; busybox ln -s /etc /dev/shm/etc", { image });
  expect(changes(trial)).toEqual(["volume added /data/root", "shm added /dev/shm/etc"]);
});

test("a folder nested deeper than any path can be long costs the rest of the record nothing", async () => {
  const name = "d".repeat(200);
  const trial = await range.detonate(
    `echo a > /tmp/a; i=0; cd /tmp; while [ $i -lt 60 ]; do busybox mkdir ${name}; cd ${name}; i=$((i+1)); done; echo z > z`,
  );
  expect(changes(trial)).toContain("layer added /tmp/a");
  expect(trial.recording.limits).toContainEqual(expect.objectContaining({ limit: "dropped-files" }));
});
