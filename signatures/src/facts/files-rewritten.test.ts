import { expect, it } from "vitest";
import { deriveAll } from "../testing/derive.ts";
import { eventMaker } from "../testing/make-event.ts";

it("counts files from before the run that are written, renamed or deleted, and their new endings", () => {
  const make = eventMaker();
  const image = { Image: "/bin/x", FileOrigin: "image" } as const;
  const facts = deriveAll("files-rewritten", [
    make("file_event", { ...image, TargetFilename: "/data/a.txt", Operation: "write", FileOrigin: "copied-up" }),
    make("file_rename", { ...image, SourceFilename: "/data/a.txt", TargetFilename: "/data/a.txt.locked" }),
    make("file_rename", { ...image, SourceFilename: "/data/b.txt", TargetFilename: "/data/b.txt.locked" }),
    make("file_rename", { ...image, SourceFilename: "/home/c", TargetFilename: "/home/c.locked" }),
    make("file_delete", { ...image, TargetFilename: "/home/d" }),
  ]);
  expect(facts.at(-1)).toMatchObject({
    Files: 4,
    Written: 1,
    Renamed: 3,
    Deleted: 1,
    Folders: 2,
    NewSuffix: ".locked",
    NewSuffixFiles: 3,
  });
});

it("takes a file that is moved for one from before the run when nothing in the run had made it", () => {
  const make = eventMaker();
  const upper = { FileOrigin: "upper" } as const;
  const facts = deriveAll("files-rewritten", [
    make("file_rename", { ...upper, SourceFilename: "/data/a", TargetFilename: "/data/a.locked" }),
    make("file_rename", { ...upper, SourceFilename: "/data/a.locked", TargetFilename: "/data/a.done" }),
  ]);
  expect(facts).toMatchObject([{ Files: 1, Renamed: 1, NewSuffix: ".locked" }]);
});

it("leaves out what the run made itself, and what failed", () => {
  const make = eventMaker();
  const facts = deriveAll("files-rewritten", [
    make("file_event", { TargetFilename: "/tmp/new", Operation: "create", FileOrigin: "upper" }),
    make("file_event", { TargetFilename: "/tmp/new", Operation: "write", FileOrigin: "upper" }),
    make("file_rename", { SourceFilename: "/tmp/new", TargetFilename: "/tmp/newer", FileOrigin: "upper" }),
    make("file_delete", { TargetFilename: "/tmp/newer", FileOrigin: "upper" }),
    make("file_event", { TargetFilename: "/etc/x", Operation: "write", FileOrigin: "image", Result: "EACCES" }),
    make("file_delete", { TargetFilename: "/etc/unknown" }),
  ]);
  expect(facts).toEqual([]);
});
