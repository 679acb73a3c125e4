import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import {
  CHUNK,
  EXEC_ARGV_TRUNCATED,
  EXEC_ENV_TRUNCATED,
  EXEC_HELD,
  EXEC_UNHELD,
  FIELD,
  KIND,
  TRACE_MAGIC,
  TRACE_VERSION,
} from "./trace-format.ts";
import { readAll } from "./workload-run.ts";

const folder = mkdtempSync(join(tmpdir(), "airlock-decode-"));
afterAll(() => rm(folder, { recursive: true }));
let files = 0;

async function read(bytes: Uint8Array) {
  const path = join(folder, `${files++}.bin`);
  writeFileSync(path, bytes);
  return readAll(path);
}

const header = Buffer.concat([Buffer.from(TRACE_MAGIC), words(TRACE_VERSION, 0)]);
const end = chunk(CHUNK.end);

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return bytes;
}

function wide(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function chunk(type: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([words(type, content.length), content]);
}

/** A piece of a ring with one record in it. */
function ringed(record: Buffer): Buffer {
  return Buffer.concat([words(record.length, 0), record, Buffer.alloc((8 - (record.length % 8)) % 8)]);
}

const task = Buffer.concat([wide(77n), words(1001, 1002, 3, 1000, 1001, 0), Buffer.from("worker\0\0\0\0\0\0\0\0\0\0")]);

function rawRecord(kind: number, time: bigint, ...body: Uint8Array[]): Buffer {
  return Buffer.concat([words(kind, 0), wide(time), task, ...body]);
}

function field(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(tag, 0);
  head.writeUInt16LE(content.length, 2);
  return Buffer.concat([head, content]);
}

const exit = (time: bigint, status = 0) => rawRecord(KIND.exit, time, words(status, 0));

function fileField(names: string, { flags = 0, layer = 0 } = {}): Buffer {
  const fixed = Buffer.concat([wide(4711n), wide(9n), words((8 << 20) | 257, 0x794c7630), words(0o100755), words(0)]);
  fixed.writeUInt8(layer, 26);
  fixed.writeUInt8(flags, 27);
  return field(FIELD.file, fixed, Buffer.from(names));
}

function callBody(
  result: bigint,
  nr: number,
  flags: number,
  values: bigint[],
  { operation = 0, present = 63 } = {},
): Buffer {
  const head = Buffer.concat([wide(result), words(nr), words(0)]);
  head.writeUInt8(flags, 12);
  head.writeUInt8(operation, 13);
  head.writeUInt16LE(present, 14);
  return Buffer.concat([head, ...Array.from({ length: 6 }, (_, index) => wide(values[index] ?? 0n))]);
}

const base = (names: string) => field(FIELD.base, Buffer.from([0]), Buffer.from(names));

/** What the tracer read of a program: `state` as its number. */
function programField(tag: number, state: number, head = "\x7fELF"): Buffer {
  const text = Buffer.from(head, "latin1");
  const fixed = Buffer.concat([wide(1n << 40n), Buffer.from([state, text.length, 0, 0, 0, 0, 0, 0])]);
  return field(tag, fixed, Buffer.alloc(32, 0xab), text, Buffer.alloc(16 - text.length));
}

describe("readTrace", () => {
  it("reads what was found of programs, at their exec or later", async () => {
    const exec = (flags: number, ...fields: Buffer[]) =>
      rawRecord(KIND.exec, 5n, wide(1n), words(2, flags), fileField("x\0"), ...fields);
    const found = exec(0, programField(FIELD.program, 1), programField(FIELD.script, 2, "#!"));
    const later = rawRecord(KIND.program, 9n, wide(5n), programField(FIELD.program, 4, ""));
    const parts = [found, exec(EXEC_HELD), later, exec(EXEC_UNHELD)].map(ringed);
    const { records, damage } = await read(Buffer.concat([header, chunk(CHUNK.records, ...parts), end]));
    expect(damage).toEqual({ malformed: 0, truncated: false });
    const [first, held, unheld, program] = records;
    const sha256 = "ab".repeat(32);
    expect(first).toMatchObject({
      program: { state: "copied", size: 1n << 40n, sha256, head: Buffer.from("\x7fELF", "latin1") },
      script: { state: "hashed", sha256 },
    });
    expect(held).toMatchObject({ kind: "exec", held: true });
    expect(unheld).toMatchObject({ kind: "exec", unheld: true });
    expect(program).toMatchObject({ kind: "program", time: 9n, execTime: 5n, program: { state: "gone" } });
    expect(program?.kind === "program" && program.program).not.toHaveProperty("sha256");
  });

  it("counts what can't have been found of a program as malformed", async () => {
    const wrong = [
      rawRecord(KIND.program, 1n, wide(5n)),
      rawRecord(KIND.program, 1n, wide(5n), programField(FIELD.program, 0)),
      rawRecord(KIND.program, 1n, wide(5n), programField(FIELD.program, 5)),
      rawRecord(KIND.program, 1n, wide(5n), programField(FIELD.program, 1).subarray(0, 60)),
    ];
    const { records, damage } = await read(Buffer.concat([header, chunk(CHUNK.records, ...wrong.map(ringed)), end]));
    expect([records.length, damage.malformed]).toEqual([0, wrong.length]);
  });

  it("reads an open with the file behind its descriptor", async () => {
    const open = rawRecord(
      KIND.open,
      5n,
      callBody(3n, 257, 0, [0o101n, 0o644n, 1n]),
      field(FIELD.argument, Buffer.from("../passwd")),
      base("inner\0etc\0"),
      fileField("passwd\0etc\0", { layer: 2 }),
    );
    const { records, damage } = await read(Buffer.concat([header, chunk(CHUNK.records, ringed(open)), end]));
    expect(damage).toEqual({ malformed: 0, truncated: false });
    expect(records).toEqual([
      {
        kind: "open",
        time: 5n,
        task: { key: "77:1001", pid: 1001, tid: 1002, nsPid: 3, uid: 1000, gid: 1001, euid: 0, comm: "worker" },
        syscall: "openat",
        compat: false,
        result: 3,
        blocked: false,
        path: { argument: "../passwd", base: "/etc/inner", readable: true },
        flags: 0o101,
        mode: 0o644,
        created: true,
        file: {
          path: "/etc/passwd",
          truncated: false,
          device: 0x100801,
          inode: 4711n,
          mode: 0o100755,
          size: 9n,
          layer: "upper",
          magic: 0x794c7630,
          deleted: false,
          memfd: false,
        },
      },
    ]);
  });

  it("names 32-bit calls by their own table, and unknown ones by number", async () => {
    const blocked = rawRecord(KIND.syscall, 1n, callBody(-1n, 5, 3, []));
    const unknown = rawRecord(KIND.syscall, 2n, callBody(-38n, 9999, 0, []));
    const { records } = await read(
      Buffer.concat([header, chunk(CHUNK.records, ringed(blocked), ringed(unknown)), end]),
    );
    expect(records).toMatchObject([
      { syscall: "open", compat: true, blocked: true, result: -1 },
      { syscall: "syscall_9999", compat: false, blocked: false, result: -38 },
    ]);
  });

  it("tells addresses as they are on the wire", async () => {
    const address = (family: number, port: number, ...data: number[]) =>
      field(FIELD.remote, words((port << 16) | family), Buffer.from(data));
    const zeros = Array.from({ length: 10 }, () => 0);
    const pieces = [
      address(2, 443, 10, 0, 0, 1),
      address(10, 80, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1),
      address(10, 80, ...zeros, 0, 0, 0, 0, 0, 1),
      address(10, 80, ...zeros, 0xff, 0xff, 1, 2, 3, 4),
      address(1, 0, 0, 0x61, 0x62),
      address(1, 0, 0x2f, 0x61, 0, 0x62),
      address(16, 0),
      address(2, 1, 9),
    ].map((remote) => ringed(rawRecord(KIND.socket, 1n, callBody(0n, 42, 0, [2n, 1n, 6n], { operation: 1 }), remote)));
    const { records } = await read(Buffer.concat([header, chunk(CHUNK.records, ...pieces), end]));
    expect(records.map((found) => found.kind === "socket-call" && found.remote)).toEqual([
      { family: "ipv4", address: "10.0.0.1", port: 443 },
      { family: "ipv6", address: "2001:db8::1:0:0:1", port: 80 },
      { family: "ipv6", address: "::1", port: 80 },
      { family: "ipv4", address: "1.2.3.4", port: 80 },
      { family: "unix", path: "@ab" },
      { family: "unix", path: "/a" },
      { family: "other", number: 16 },
      { family: "other", number: 2 },
    ]);
  });

  it("keeps of an environment only what is listed", async () => {
    const env = "LD_PRELOAD=/x.so\0SECRET=1\0http_proxy=p\0NODE_OPTIONS=-r x\0=\0PATHS=no\0PYTHONPATH=/p\0";
    const exec = rawRecord(
      KIND.exec,
      1n,
      wide(5n),
      words(4, 1),
      fileField("sh\0bin\0", { flags: 1 | 2 }),
      field(FIELD.argv, Buffer.from("sh\0-c\0\0tail")),
      field(FIELD.env, Buffer.from(env)),
    );
    const { records } = await read(Buffer.concat([header, chunk(CHUNK.records, ringed(exec)), end]));
    expect(records).toMatchObject([
      {
        parentKey: "5:4",
        interpreter: null,
        argv: ["sh", "-c", "", "tail"],
        argvTruncated: true,
        env: ["LD_PRELOAD=/x.so", "NODE_OPTIONS=-r x", "PYTHONPATH=/p", "http_proxy=p"],
        file: { path: "…/bin/sh", truncated: true, deleted: true },
        streams: [{ kind: "closed" }, { kind: "closed" }, { kind: "closed" }],
      },
    ]);
  });

  it("tells what is cut by both its ends, and never as a path that looks whole", async () => {
    const exec = rawRecord(
      KIND.exec,
      1n,
      wide(5n),
      words(4, EXEC_ARGV_TRUNCATED | EXEC_ENV_TRUNCATED),
      fileField("sh\0bin\0", {}),
      field(FIELD.cwd, Buffer.from("\x01inner\0outer\0")),
      field(FIELD.argv, Buffer.from("sh\0-c\0pad")),
      field(FIELD.argvTail, Buffer.from("ding\0end\0")),
      field(FIELD.env, Buffer.from("A=1\0LD_AU")),
      field(FIELD.envTail, Buffer.from("more\0LD_PRELOAD=/x.so\0")),
    );
    const { records } = await read(Buffer.concat([header, chunk(CHUNK.records, ringed(exec)), end]));
    expect(records).toMatchObject([
      {
        argv: ["sh", "-c", "pad", "…", "ding", "end"],
        argvTruncated: true,
        env: ["LD_PRELOAD=/x.so"],
        envTruncated: true,
        cwd: "…/outer/inner",
      },
    ]);
  });

  it("lets no number of variables push a dangerous one out", async () => {
    const many = Array.from({ length: 200 }, (_, index) => `KUBERNETES_${index}=1`);
    const exec = rawRecord(
      KIND.exec,
      1n,
      wide(5n),
      words(4, 0),
      fileField("sh\0bin\0", {}),
      field(FIELD.env, Buffer.from([...many, "LD_X=1", "LD_PRELOAD=/x.so", ""].join("\0"))),
    );
    const [record] = (await read(Buffer.concat([header, chunk(CHUNK.records, ringed(exec)), end]))).records;
    const env = record?.kind === "exec" ? record.env : [];
    expect(env.slice(0, 2)).toEqual(["LD_PRELOAD=/x.so", "KUBERNETES_0=1"]);
    expect(env).toHaveLength(128);
    expect(record).toMatchObject({ envTruncated: true });
  });

  it("gives records out in the order of their times, up to the tick that says so", async () => {
    const bytes = Buffer.concat([
      header,
      chunk(CHUNK.records, ringed(exit(30n)), ringed(exit(10n))),
      chunk(CHUNK.records, ringed(exit(20n))),
      chunk(CHUNK.tick, wide(25n)),
      chunk(CHUNK.records, ringed(exit(27n))),
      end,
    ]);
    const { records } = await read(bytes);
    expect(records.map(({ time }) => time)).toEqual([10n, 20n, 27n, 30n]);
  });

  it("counts a record that makes no sense, and reads on", async () => {
    const nonsense = [
      rawRecord(99, 1n),
      rawRecord(KIND.exit, 1n),
      rawRecord(KIND.fork, 1n),
      rawRecord(KIND.open, 1n, callBody(0n, 2, 0, []), Buffer.from([1, 0, 255, 255])),
      rawRecord(KIND.path, 1n, callBody(0n, 2, 0, [], { operation: 200 })),
      rawRecord(KIND.exec, 1n, wide(0n), words(0, 0), field(77)),
      Buffer.alloc(16),
    ];
    const bytes = [...nonsense, exit(2n, 7 << 8), exit(3n, 9)].map(ringed);
    const { records, damage } = await read(Buffer.concat([header, chunk(CHUNK.records, ...bytes), end]));
    expect(damage).toEqual({ malformed: nonsense.length, truncated: false });
    expect(records).toMatchObject([
      { kind: "exit", code: 7, signal: 0 },
      { kind: "exit", code: 0, signal: 9 },
    ]);
  });

  it("says of a file that is cut off anywhere that it is, and gives what came before", async () => {
    const whole = Buffer.concat([
      header,
      chunk(CHUNK.records, ringed(exit(1n)), ringed(exit(2n))),
      chunk(CHUNK.tick, wide(3n)),
      end,
    ]);
    expect((await read(whole)).damage.truncated).toBe(false);
    for (let length = 0; length < whole.length; length++) {
      const { records, damage } = await read(whole.subarray(0, length));
      expect(damage, `${length}`).toEqual({ malformed: 0, truncated: true });
      expect(records.length).toBe(length < 16 + 8 + 80 ? 0 : length < 16 + 8 + 160 ? 1 : 2);
    }
  });

  it("rejects only when there is no file", async () => {
    await expect(readAll(join(folder, "absent"))).rejects.toMatchObject({ code: "RUN_INVALID" });
  });

  it("survives any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.boolean(), async (noise, framed) => {
        const content = framed ? chunk(CHUNK.records, ringed(Buffer.from(noise))) : Buffer.from(noise);
        const { records, damage } = await read(Buffer.concat([header, content, end]));
        expect(records.length + damage.malformed).toBeLessThanOrEqual(noise.length + 1);
      }),
      { numRuns: 300 },
    );
  });

  it("survives a good file with any bytes changed", async () => {
    const exec = rawRecord(
      KIND.exec,
      1n,
      wide(5n),
      words(4, 0),
      fileField("sh\0"),
      field(FIELD.argv, Buffer.from("sh\0")),
    );
    const open = rawRecord(
      KIND.open,
      2n,
      callBody(3n, 2, 0, []),
      field(FIELD.argument, Buffer.from("x")),
      base("a\0"),
      fileField("x\0"),
    );
    const good = Buffer.concat([header, chunk(CHUNK.records, ringed(exec), ringed(open), ringed(exit(3n))), end]);
    const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const { at, to } of changes) bytes.writeUInt8(to, at);
        const { records, damage } = await read(bytes);
        expect(
          damage.truncated || records.length + damage.malformed >= 1 || bytes.readUInt32LE(16) !== CHUNK.records,
        ).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
