import type { TraceRecord } from "@airlock/contracts";
import { expect, test } from "vitest";
import { openRecordNotebook } from "./record-notes.ts";
import { by, file, given, task } from "./testing/trace-records.ts";

const me = by(task(1));

function noteAll(records: readonly TraceRecord[]) {
  const notebook = openRecordNotebook();
  for (const record of records) notebook.note(record);
  return notebook.notes();
}

test("counts each record that holds only an end of something", () => {
  const cut = noteAll([
    me.exec(1, ["/bin/sh"], { argvTruncated: true, envTruncated: true }),
    me.exec(2, ["/bin/sh"], { cwd: "…/d/d" }),
    me.exec(3, ["/bin/sh"]),
    me.open(4, "x", { path: given("x", "…/d"), file: file("/d/x", { truncated: true }) }),
    me.path(5, "rename", "/a", { other: given("b", "…/d") }),
    me.call(6, "mount", [], { paths: [given("x", "…/d")] }),
    // Sums keep few names of any file.
    me.wrote(7, file("/d/x", { truncated: true }), "x"),
  ]);
  expect(cut).toMatchObject({ cut: 5, raced: 0 });
});

test("counts changed names, and what found no space by its path", () => {
  const notes = noteAll([
    me.path(1, "unlink", "/tmp/x", { raced: true }),
    me.call(2, "write", [3, 0, 1], { result: -28, file: file("/dev/shm/x") }),
    me.call(3, "write", [3, 0, 1], { result: -28, file: file("/dev/shm/x") }),
    me.open(4, "/var/new", { result: -122 }),
    // No disk: the kernel's bound of watches.
    me.call(5, "inotify_add_watch", [3, 0, 2], { result: -28, paths: [given("/etc")] }),
  ]);
  expect(notes.raced).toBe(1);
  expect([...notes.full]).toEqual([
    ["/dev/shm/x", 2],
    ["/var/new", 1],
  ]);
});
