import { expect, test } from "vitest";
import { followLinks, type LinksAt } from "./image-links.ts";

function linksOf(links: Record<string, string[]>): LinksAt {
  return (path) => (Object.hasOwn(links, path) ? (links[path] ?? []) : []);
}

test("a path leads where its links lead, in every layer, and stays itself", () => {
  const links = linksOf({ "/a": ["b"], "/b/c": ["/proc/self/fd", "../d"] });
  expect(followLinks("/a/c/7", links).toSorted()).toEqual(["/a/c/7", "/b/c/7", "/d/7", "/proc/self/fd/7"]);
  expect(followLinks("/x", links)).toEqual(["/x"]);
});

test("a link can't climb out of the image", () => {
  expect(followLinks("/a", linksOf({ "/a": ["../../../proc/self/cwd"] }))).toContain("/proc/self/cwd");
});

test("circles end, and mazes are refused", () => {
  expect(followLinks("/a", linksOf({ "/a": ["b"], "/b": ["a"] })).toSorted()).toEqual(["/a", "/b"]);
  const maze: LinksAt = (path) => (path.startsWith("/m") ? [`/m${path.length}/${path.slice(1)}`] : []);
  expect(() => followLinks("/m/m", maze)).toThrow(expect.objectContaining({ code: "IMAGE_PATH_REFUSED" }));
});

test("links of the image in /dev are not followed, for another /dev is mounted over them", () => {
  expect(followLinks("/dev/stdout", linksOf({ "/dev/stdout": ["/proc/self/fd/1"] }))).toEqual(["/dev/stdout"]);
});
