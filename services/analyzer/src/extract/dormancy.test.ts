import type { BehaviourEvent, Recording, Survivor } from "@airlock/contracts";
import { describe, expect, test } from "vitest";
import { type Behaviour, findDormancy } from "./dormancy.ts";
import type { SampleProcess } from "./process-table.ts";
import { recording } from "./testing/recordings.ts";

const NOTHING: Behaviour = { events: [], processes: [] };
const TIMED_OUT = { kind: "timed-out", code: null, signal: null } as const;

function isDormant(changes: Partial<Recording>, behaviour = NOTHING): boolean {
  return findDormancy(recording({ outcome: TIMED_OUT, ...changes }), behaviour).length > 0;
}

/** As recorded of a process that sleeps in a call and has no socket. */
const asleep = (comm: string, waitingIn: string, changes: Partial<Survivor> = {}): Survivor => ({
  pid: 1001,
  samplePid: 1,
  comm,
  waitingIn,
  waitsOnTimerOnly: true,
  listening: false,
  connected: false,
  attends: false,
  sleepMs: null,
  ...changes,
});
const server = (comm: string, waitingIn: string) => asleep(comm, waitingIn, { listening: true, attends: true });
const sleeper = (sleepMs: number, changes: Partial<Survivor> = {}) =>
  asleep("sleep", "clock_nanosleep", { sleepMs, ...changes });
const busy = (changes: Partial<Survivor> = {}) =>
  asleep("worker", "running", { waitsOnTimerOnly: false, samplePid: 7, ...changes });

const HOUR_MS = 3_600_000;

describe("ordinary images are not dormant", () => {
  test.each<[string, Survivor[]]>([
    ["nginx", [asleep("nginx", "rt_sigsuspend", { listening: true }), server("nginx", "epoll_wait")]],
    [
      "postgres",
      [
        server("postgres", "epoll_wait"),
        ...["checkpointer", "walwriter", "autovacuum"].map((comm) => asleep(comm, "epoll_wait")),
      ],
    ],
    ["redis", [server("redis-server", "epoll_wait")]],
    ["sshd", [server("sshd", "ppoll")]],
    ["a Go or Java server", [asleep("app", "futex", { listening: true, attends: true })]],
    ["a client of something outside", [asleep("agent", "recvfrom", { connected: true, attends: true })]],
    ["cron beside a server", [asleep("supervisord", "poll"), sleeper(60_000), server("httpd", "accept")]],
    ["tini", [asleep("tini", "rt_sigtimedwait"), server("app", "epoll_wait")]],
    ["dumb-init", [asleep("dumb-init", "wait4"), server("app", "epoll_wait")]],
    ["a shell that waits for its server", [asleep("sh", "wait4"), server("httpd", "accept")]],
    ["a log's reader beside a server", [sleeper(1000, { comm: "tail" }), server("httpd", "poll")]],
    ["a server that thinks", [{ ...busy(), listening: true, attends: true }]],
  ])("%s", (_, survivors) => {
    expect(isDormant({ survivors })).toBe(false);
    expect(isDormant({ survivors, stopSurvivors: survivors })).toBe(false);
  });

  test("a program that ended", () => {
    expect(isDormant({ outcome: { kind: "exited", code: 0, signal: null } })).toBe(false);
  });
});

describe("dormant is", () => {
  test.each<[string, Survivor[]]>([
    ["a sleeper", [sleeper(HOUR_MS)]],
    ["a short sleep again and again", [sleeper(100)]],
    ["a shell that waits for a sleeper", [asleep("sh", "wait4"), sleeper(HOUR_MS)]],
    ["alarm and pause", [asleep("p", "pause")]],
    ["cron alone", [asleep("cron", "clock_nanosleep", { sleepMs: 60_000 })]],
    ["a child by vfork", [asleep("p", "vfork"), sleeper(HOUR_MS)]],
    ["a pipe that nobody opens", [asleep("p", "openat"), sleeper(HOUR_MS)]],
    ["a stopped child", [asleep("p", "running"), sleeper(HOUR_MS)]],
    ["a call that nobody thought of", [asleep("p", "flock"), asleep("p", "fcntl"), asleep("p", "semtimedop")]],
    ["a listener that nobody attends to", [sleeper(HOUR_MS, { listening: true })]],
    ["a connection that nobody attends to", [sleeper(HOUR_MS, { connected: true })]],
    ["a sleeper beside a server", [server("httpd", "accept"), sleeper(HOUR_MS)]],
    ["a sleeper with a decoy beside a server", [server("httpd", "accept"), sleeper(HOUR_MS, { listening: true })]],
    ["a record of an earlier form", [{ pid: 1, comm: "p", waitingIn: "accept", ...OLD, listening: true }]],
  ])("%s", (_, survivors) => {
    expect(isDormant({ survivors })).toBe(true);
  });

  test("a sleep beside a server only when it is longer than the window", () => {
    const survivors = [server("httpd", "accept"), sleeper(100_000)];
    expect(isDormant({ survivors, plan: { ...recording().plan, durationMs: 30_000 } })).toBe(true);
    expect(isDormant({ survivors, plan: { ...recording().plan, durationMs: 100_000 } })).toBe(false);
  });

  test("whoever sleeps or goes on after the stop signal", () => {
    const survivors = [server("httpd", "accept")];
    expect(isDormant({ survivors, stopSurvivors: [sleeper(7000, { listening: true })] })).toBe(true);
    expect(isDormant({ survivors, stopSurvivors: [busy()] })).toBe(true);
  });

  test("a run whose survivors could not be looked at", () => {
    expect(isDormant({})).toBe(true);
    expect(isDormant({ survivors: [server("httpd", "accept")], survivorsUnexamined: 1 })).toBe(true);
  });
});

const OLD = { waitsOnTimerOnly: true, connected: false };

describe("a busy process is stalling", () => {
  const process = (pid: number, parent: string | null): SampleProcess => ({
    key: `k${pid}`,
    pid,
    parent,
    user: "0",
    comm: "p",
    startedAt: 0n,
    endedAt: null,
    exit: null,
    images: [],
  });
  const processes = [process(1, null), process(7, "k1"), process(8, "k7")];
  const start = Date.parse(recording().startedAt);
  const written = (atMs: number, pid: number, path: string): BehaviourEvent => ({
    id: "e1",
    time: String(BigInt(start + atMs) * 1_000_000n),
    category: "file_event",
    process: `k${pid}`,
    fields: { ProcessId: pid, TargetFilename: path, Operation: "write", BytesWritten: atMs },
  });

  test.each<[string, BehaviourEvent[], boolean]>([
    ["without any event", [], true],
    ["with events in the first half", [written(1000, 7, "/a")], true],
    ["with the same again in the second", [written(1000, 7, "/a"), written(20_000, 7, "/a")], true],
    ["with something new, but after the window", [written(31_000, 7, "/a")], true],
    ["with something new, but of another process", [written(20_000, 1, "/a")], true],
    ["unless it does something new", [written(1000, 7, "/a"), written(20_000, 7, "/b")], false],
    ["unless a child of it does", [written(20_000, 8, "/b")], false],
  ])("%s: %s", (_, events, expected) => {
    expect(isDormant({ survivors: [busy()] }, { events, processes })).toBe(expected);
    expect(isDormant({ survivors: [busy(), server("httpd", "accept")] }, { events, processes })).toBe(expected);
  });

  test("and one that works excuses those who wait for it", () => {
    const behaviour = { events: [written(20_000, 7, "/b")], processes };
    expect(isDormant({ survivors: [asleep("make", "wait4"), busy()] }, behaviour)).toBe(false);
    expect(isDormant({ survivors: [sleeper(HOUR_MS), busy()] }, behaviour)).toBe(true);
  });
});
