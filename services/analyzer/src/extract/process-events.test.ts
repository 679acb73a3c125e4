import { BehaviourEvent } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { extractRecords } from "./testing/extracting.ts";
import { by, file, stream, task } from "./testing/trace-records.ts";

const shell = task(1);
const child = task(2);
const grandchild = task(3);

describe("process tree", () => {
  const records = [
    by(shell).exec(1, ["/bin/sh", "-c", "run"]),
    by(shell).fork(2, child),
    by(child).exec(3, ["/bin/one", "a b"]),
    by(child).exec(4, ["/bin/two"]),
    by(child).fork(5, grandchild),
    by(grandchild).exit(6, 3),
    by(child).exit(7, 0, 9),
  ];
  const { events, fields, table } = extractRecords(records);

  test("every exec is one creation, with its parent's image at the fork", () => {
    expect(fields("process_creation")).toMatchObject([
      { Image: "/bin/sh", CommandLine: "/bin/sh -c run", IsEntrypoint: true, ProcessId: 1 },
      {
        Image: "/bin/one",
        Arguments: ["/bin/one", "a b"],
        ParentImage: "/bin/sh",
        ParentCommandLine: "/bin/sh -c run",
      },
      { Image: "/bin/two", ParentImage: "/bin/sh", ParentProcessId: 1, Ancestors: ["/bin/sh"] },
    ]);
    expect(fields("process_creation")[1]).not.toHaveProperty("IsEntrypoint");
  });

  test("a fork without exec keeps its parent's image", () => {
    expect(fields("process_termination")).toEqual([
      { Image: "/bin/two", ImageOrigin: "image", ProcessId: 3, User: "0", ExitCode: 3, LifetimeMs: 1 },
      { Image: "/bin/two", ImageOrigin: "image", ProcessId: 2, User: "0", Signal: "SIGKILL", LifetimeMs: 5 },
    ]);
    expect(table.ancestors(grandchild.key).map((image) => image.path)).toEqual(["/bin/two", "/bin/sh"]);
  });

  test("all events hold to the contract", () => {
    for (const event of events) expect(BehaviourEvent.parse(event)).toEqual(event);
  });
});

test("the parent is who forked, not who it was when the child got round to exec", () => {
  const { fields } = extractRecords([
    by(shell).exec(1, ["/bin/sh"]),
    by(shell).fork(2, child),
    by(shell).exec(3, ["/usr/sbin/nginx"]),
    by(child).exec(4, ["/bin/helper"]),
  ]);
  expect(fields("process_creation").at(-1)).toMatchObject({ Image: "/bin/helper", ParentImage: "/bin/sh" });
});

test("a pid that is used again is another process", () => {
  const again = task(2, { key: "900:1002" });
  const { fields, table } = extractRecords([
    by(shell).exec(1, ["/bin/sh"]),
    by(shell).fork(2, child),
    by(child).exec(3, ["/bin/one"]),
    by(child).exit(4),
    by(shell).fork(5, again),
    by(again).exec(6, ["/bin/two"]),
    by(shell).call(3.5, "kill", [2, 15]),
    by(shell).call(7, "kill", [2, 15]),
  ]);
  expect(fields("process_access").map((access) => access.TargetImage)).toEqual(["/bin/one", "/bin/two"]);
  expect(table.list()).toHaveLength(3);
});

test("an orphan without a recorded fork is still a process", () => {
  const { fields } = extractRecords([by(shell).exec(1, ["/bin/sh"]), by(child).open(2, "/etc/passwd")]);
  expect(fields("file_access")).toMatchObject([{ TargetFilename: "/etc/passwd", ProcessId: 2 }]);
  expect(fields("file_access")[0]).not.toHaveProperty("Image");
});

test("a thread is no process", () => {
  const thread = { ...shell, tid: 1099 };
  const { table } = extractRecords([by(shell).exec(1, ["/bin/sh"]), by(shell).fork(2, thread)]);
  expect(table.list()).toHaveLength(1);
});

describe("standard streams", () => {
  const pipe = stream("pipe", 77n);
  const peer = { kind: "socket", inode: 5n, peer: { family: "ipv4", address: "203.0.113.5", port: 4444 } } as const;

  test("both ends of a pipe name each other, whichever was started first", () => {
    const { fields } = extractRecords([
      by(shell).exec(1, ["/bin/sh"]),
      by(shell).fork(2, child),
      by(shell).fork(2, grandchild),
      by(grandchild).exec(3, ["/bin/bash"], { streams: [pipe, stream(), stream()] }),
      by(child).exec(4, ["/usr/bin/curl"], { streams: [stream(), pipe, stream()] }),
    ]);
    const [, bash, curl] = fields("process_creation");
    expect(bash).toMatchObject({ StdinKind: "pipe", StdinFromImage: "/usr/bin/curl" });
    expect(curl).toMatchObject({ StdoutKind: "pipe", StdoutToImage: "/bin/bash" });
    expect(curl).not.toHaveProperty("StdinFromImage");
  });

  test("a socket as stream names its far end", () => {
    const { fields } = extractRecords([by(shell).exec(1, ["/bin/sh"], { streams: [peer, peer, peer] })]);
    expect(fields("process_creation")).toMatchObject([{ StdinKind: "socket", StdinPeer: "203.0.113.5:4444" }]);
  });
});

describe("scripts", () => {
  const script = (argv: string[], image = argv[0] ?? "", changes = {}) =>
    extractRecords([by(shell).exec(1, argv, { file: file(image), cwd: "/app", ...changes })]).fields(
      "process_creation",
    )[0]?.Script;

  test.each([
    [["/bin/sh", "run.sh"], "/app/run.sh"],
    [["/bin/sh", "-ex", "/x/run.sh", "-c"], "/x/run.sh"],
    [["bash", "-o", "pipefail", "run.sh"], "/app/run.sh"],
    [["sh", "-c", "echo hi"], undefined],
    [["sh", "-ec", "echo hi"], undefined],
    [["sh"], undefined],
    [["/usr/bin/python3.11", "-u", "-W", "ignore", "main.py"], "/app/main.py"],
    [["python3", "-m", "http.server"], undefined],
    [["node", "--require", "./hook.js", "server.js"], "/app/server.js"],
    [["perl", "-e", "print 1"], undefined],
    [["php", "-f", "x.php"], "/app/x.php"],
    [["/usr/sbin/nginx", "conf"], undefined],
  ])("%j runs %s", (argv, expected) => {
    expect(script(argv)).toBe(expected);
  });

  test("busybox is whatever it is called as", () => {
    expect(script(["sh", "run.sh"], "/bin/busybox")).toBe("/app/run.sh");
    expect(script(["/bin/busybox", "ash", "run.sh"], "/bin/busybox")).toBe("/app/run.sh");
    expect(script(["cat", "run.sh"], "/bin/busybox")).toBeUndefined();
  });

  test("what the kernel's #! handling names comes first", () => {
    const changes = { filename: "./start", interpreter: "/bin/sh" };
    expect(script(["/bin/sh", "./other"], "/bin/sh", changes)).toBe("/app/start");
  });

  test("a script written in this run is known for it once it was opened", () => {
    const made = file("/tmp/x.sh", { layer: "upper" });
    const { fields } = extractRecords([
      by(shell).exec(1, ["/bin/sh", "/tmp/x.sh"]),
      by(shell).open(2, "/tmp/x.sh", { file: made }),
    ]);
    expect(fields("process_creation")).toMatchObject([{ Script: "/tmp/x.sh", ScriptOrigin: "upper" }]);
  });
});

test("an applet's link is told beside the program it leads to", () => {
  const { fields } = extractRecords([
    by(shell).exec(1, ["wget", "x"], { filename: "/usr/bin/wget", file: file("/bin/busybox") }),
    by(shell).exec(2, ["/bin/sh"]),
  ]);
  expect(fields("process_creation")).toMatchObject([{ Image: "/bin/busybox", RequestedImage: "/usr/bin/wget" }, {}]);
  expect(fields("process_creation")[1]).not.toHaveProperty("RequestedImage");
});

test("only variables that steer a program are kept", () => {
  const env = ["SECRET=1", "LD_PRELOAD=/tmp/x.so", "HISTFILE=/dev/null", "https_proxy=http://x", "HOME=/root"];
  const { fields } = extractRecords([by(shell).exec(1, ["/bin/sh"], { env })]);
  expect(fields("process_creation")[0]?.Environment).toEqual([
    "LD_PRELOAD=/tmp/x.so",
    "HISTFILE=/dev/null",
    "https_proxy=http://x",
  ]);
});

test("where an executed file came from", () => {
  const layer = (path: string, change: "added" | "changed" | "deleted", sha256?: string) => ({
    path,
    change,
    where: "layer" as const,
    type: "file" as const,
    size: 1,
    mode: "0755",
    uid: 0,
    gid: 0,
    ...(sha256 === undefined ? {} : { sha256 }),
  });
  const upper = { layer: "upper" } as const;
  const none = { layer: "none" } as const;
  const run = { layer: [layer("/new", "added", "aa"), layer("/changed", "changed", "bb"), layer("/gone", "deleted")] };
  const files = [
    file("/image"),
    file("/new", upper),
    file("/vanished", upper),
    file("/changed", upper),
    file("/gone", upper),
    file("memfd:x", { ...none, memfd: true, deleted: true }),
    file("/tmp/deleted", { ...upper, deleted: true }),
    file("/data/tool", none),
    file("/dev/shm/tool", none),
    file("/proc/self/exe", { ...none, magic: 0x9fa0 }),
    file("/elsewhere", none),
  ];
  const { fields } = extractRecords(
    files.map((executed, index) => by(shell).exec(index + 1, [executed.path], { file: executed })),
    { recording: run },
  );
  expect(fields("process_creation").map((creation) => creation.ImageOrigin)).toEqual(
    "image upper upper copied-up copied-up memfd deleted volume upper virtual unknown".split(" "),
  );
  expect(fields("process_creation").map((creation) => creation.Sha256)).toEqual(
    [undefined, "aa", undefined, "bb"].concat(Array.from({ length: 7 })),
  );
});

describe("a fork that acts without a program of its own", () => {
  test("is told once, at the time of the fork", () => {
    const { events } = extractRecords([
      by(shell).exec(1, ["/bin/sh"]),
      by(shell).fork(2, child),
      by(shell).exec(3, ["/usr/sbin/nginx"]),
      by(child).open(4, "/etc/passwd"),
      by(child).open(5, "/etc/group"),
    ]);
    const forks = events.filter(({ category }) => category === "process_fork");
    expect(forks).toMatchObject([
      { id: "e2", process: child.key, fields: { Image: "/bin/sh", ParentProcessId: 1, ForkedFrom: shell.key } },
    ]);
    for (const event of forks) expect(BehaviourEvent.parse(event)).toEqual(event);
  });

  test("is told with the silent ones between, however they ended", () => {
    const { fields } = extractRecords([
      by(shell).exec(1, ["/bin/sh"]),
      by(shell).fork(2, child),
      by(child).fork(3, grandchild),
      by(child).exit(4),
      by(grandchild).open(5, "/etc/passwd"),
    ]);
    expect(fields("process_fork").map(({ ForkedFrom }) => ForkedFrom)).toEqual([shell.key, child.key]);
  });

  test("is told for one that was forked before its parent's exec, and not for the parent", () => {
    const { fields } = extractRecords([
      by(shell).exec(1, ["/bin/sh"]),
      by(shell).fork(2, child),
      by(child).exec(3, ["/bin/one"]),
      by(child).fork(4, grandchild),
      by(child).exec(5, ["/bin/two"]),
      by(child).open(6, "/etc/passwd"),
      by(grandchild).open(7, "/etc/passwd"),
    ]);
    expect(fields("process_fork")).toMatchObject([{ Image: "/bin/one", ForkedFrom: child.key }]);
  });
});

test("scripts of ancestors are named, for an interpreter's image says little", () => {
  const { fields } = extractRecords([
    by(shell).exec(1, ["/usr/bin/node", "/usr/lib/npm-cli.js", "install"]),
    by(shell).fork(2, child),
    by(child).exec(3, ["/bin/sh", "-c", "make"]),
    by(child).fork(4, grandchild),
    by(grandchild).exec(5, ["/usr/bin/make"]),
  ]);
  expect(fields("process_creation").map(({ AncestorScripts }) => AncestorScripts)).toEqual([
    undefined,
    ["/usr/lib/npm-cli.js"],
    ["/usr/lib/npm-cli.js"],
  ]);
});

test("a script that was started by a link comes from where the linked file does", () => {
  const { fields } = extractRecords([
    by(shell).exec(1, ["/usr/bin/perl", "/usr/bin/psql"]),
    by(shell).open(2, "/usr/bin/psql", { file: file("/usr/share/pg_wrapper") }),
  ]);
  expect(fields("process_creation")).toMatchObject([{ Script: "/usr/bin/psql", ScriptOrigin: "image" }]);
});
