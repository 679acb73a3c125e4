/** open(2) flags that decide what an open is for; the same on x86-64 and arm64. */
export const OPEN = {
  accessMode: 0o3,
  writeOnly: 0o1,
  readWrite: 0o2,
  create: 0o100,
  truncate: 0o1000,
  path: 0o10000000,
  /** O_TMPFILE without the O_DIRECTORY bit that is part of it and differs between architectures. */
  temporary: 0o20000000,
} as const;

const TYPE_MASK = 0o170000;

const TYPES: ReadonlyMap<number, string> = new Map([
  [0o010000, "fifo"],
  [0o020000, "char-device"],
  [0o040000, "directory"],
  [0o060000, "block-device"],
  [0o100000, "file"],
  [0o120000, "symlink"],
  [0o140000, "socket"],
]);

/** File type of a full st_mode; undefined when the type bits are none that exist. */
export function fileTypeOf(mode: number): string | undefined {
  return TYPES.get(mode & TYPE_MASK);
}

/** Four octal digits, the first for setuid (4), setgid (2) and sticky (1): `4755`, `0644`. */
export function octalMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
