import { describe, expect, test } from "vitest";
import { FIELD, URING_BODY_BYTES, URING_OF_SOCKET, URING_REGISTERED } from "./trace-format.ts";
import { readRingOperation } from "./trace-ring-operation.ts";
import { MalformedRecord } from "./trace-span.ts";

const base = {
  time: 7n,
  task: { key: "1:2", pid: 2, tid: 2, nsPid: 1, uid: 0, gid: 0, euid: 0, comm: "ring" },
};

function body(opcode: number, flags: number, fd: number, values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(URING_BODY_BYTES);
  bytes.writeUInt8(opcode, 0);
  bytes.writeUInt8(flags, 1);
  bytes.writeInt32LE(fd, 4);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 + index * 8);
  return bytes;
}

function field(tag: number, content: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(tag, 0);
  header.writeUInt16LE(content.length, 2);
  return Buffer.concat([header, content]);
}

function read(...parts: readonly Buffer[]) {
  const bytes = Buffer.concat(parts);
  return readRingOperation({ bytes, from: 0, to: bytes.length }, base);
}

describe("readRingOperation", () => {
  test("names the operation and gives what it has", () => {
    const path = field(FIELD.argument, Buffer.from("/etc/shadow"));
    expect(read(body(18, 0, -1, [0o101, 0o600]), path)).toEqual({
      kind: "ring-operation",
      ...base,
      operation: "OPENAT",
      registered: false,
      path: { argument: "/etc/shadow", base: "", readable: true },
      flags: 0o101,
      mode: 0o600,
    });
    expect(read(body(26, URING_REGISTERED | URING_OF_SOCKET, 3, [2, 1, 6, 9]))).toMatchObject({
      operation: "SEND",
      registered: true,
      fd: 3,
      socket: { family: 2, type: 1, protocol: 6 },
      bytes: 9,
    });
  });

  test("keeps the number of one that is not known", () => {
    expect(read(body(200, 0, -1, []))).toMatchObject({ operation: "OP_200" });
  });

  test("refuses what is cut off", () => {
    expect(() => read(body(0, 0, 0, []).subarray(0, -1))).toThrow(MalformedRecord);
    expect(() => read(body(0, 0, 0, []), Buffer.from([1, 0, 9, 0]))).toThrow(MalformedRecord);
  });
});
