import { afterAll, beforeAll, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";
import { findWorkload, recordWorkload } from "./workload-run.ts";

/** Sockets. Each workload's events, all of them and in order: one too many is as wrong as one too few. */

let recorder: Recorder;

beforeAll(async () => {
  recorder = await Recorder.start({ onDeath: () => undefined });
});

afterAll(() => recorder.close());

it("network: addresses by the socket's own state, and unusual families", async () => {
  const program = findWorkload("network");
  const run = await recordWorkload(recorder, [program, "4711"]);
  expect(run.ended).toBe(0);
  expect(run.lines.map((line) => line.replace(/(accept .* 127.0.0.1:)\d+/, "$1PORT"))).toEqual([
    `exec ${program} [${program} 4711]`,
    "bind 2/1/6 at 127.0.0.1:4711 ok",
    "listen 2/1/6 at 127.0.0.1:4711 ok",
    "connect 2/1/6 to 127.0.0.1:4711 ok",
    "accept 2/1/6 at 127.0.0.1:4711 to 127.0.0.1:PORT ok",
    "fork",
    `exec ${program} [shell]`,
    "exit 3",
    "connect 2/1/6 to 127.0.0.1:4711 ECONNREFUSED",
    "connect 10/1/6 to [::1]:4711 ECONNREFUSED",
    "send 2/2/17 to 127.0.0.1:4711 5 bytes ok",
    "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
    "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
    "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
    "send 2/2/17 to 127.0.0.1:4712 8 bytes ok",
    "bind 1/1/0 at unix:@airlock-workload ok",
    "listen 1/1/0 at unix:@airlock-workload ok",
    "connect 1/1/0 to unix:@airlock-workload ok",
    "socket 2/3/1 ok",
    "socket 17/3/0 ok",
    "socket 16/3/0 ok",
    "socket 99/1/0 EAFNOSUPPORT",
    "exit 0",
  ]);
  const shell = run.records.findLast((record) => record.kind === "exec");
  const connection = { kind: "socket", peer: { family: "ipv4", address: "127.0.0.1", port: 4711 } };
  expect(shell?.streams).toMatchObject([connection, connection, { kind: "closed" }]);
  expect(shell?.streams[0].inode).toBe(shell?.streams[1].inode);
});

it("packets: datagrams of all kinds, and streams without a connect", async () => {
  const program = findWorkload("packets");
  const run = await recordWorkload(recorder, [program]);
  expect(run.ended).toBe(0);
  expect(run.lines.map((line) => line.replace(/(accept .* \[::1\]:)\d+ ok/, "$1PORT ok"))).toEqual([
    `exec ${program} [${program}]`,
    "unshare ok",
    "open /proc/sys/net/ipv4/ping_group_range = /proc/sys/net/ipv4/ping_group_range ok",
    'wrote /proc/sys/net/ipv4/ping_group_range 3 in 1 "0 0"',
    "ioctl = /UDP ok",
    "socket 2/3/1 ok",
    "send 2/3/1 to 127.0.0.1:0 8 bytes ok",
    "socket 17/3/8 ok",
    "bind 17/3/0 ok",
    "send 17/3/0 to family 17 60 bytes ok",
    "send 2/2/1 to 127.0.0.1:0 8 bytes ok",
    "send 10/2/58 to [::1]:0 8 bytes ok",
    "send 10/2/17 to [::1]:4711 3 bytes ok",
    // An IPv4 address in IPv6's form.
    "send 10/2/17 to 127.0.0.1:4712 6 bytes ok",
    "bind 10/1/6 at [::1]:4711 ok",
    "listen 10/1/6 at [::1]:4711 ok",
    "connect 10/1/6 to [::1]:4711 ok",
    "accept 10/1/6 at [::1]:4711 to [::1]:PORT ok",
    ...Array.from({ length: 11 }, (_, index) => `send 2/2/17 to 127.0.0.1:${5000 + index} 5 bytes ok`),
    // What is sent on it later belongs to this connection.
    "connect 2/2/17 to 127.0.0.1:5000 ok",
    "send 2/1/6 to 127.0.0.1:4713 4 bytes ECONNREFUSED",
    "bind 1/2/0 at unix:@airlock-packets ok",
    "send 1/2/0 to unix:@airlock-packets 8 bytes ok",
    "connect 1/5/0 to unix:@airlock-packets ECONNREFUSED",
    "exit 0",
  ]);
  expect(run.account.classes).toMatchObject({ decisive: { dropped: 0 }, bulk: { dropped: 0 } });
});
