import { describe, expect, it } from "vitest";
import { parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  it.each([
    ["30s", 30_000],
    ["30", 30_000],
    ["1.5s", 1500],
    ["1500ms", 1500],
    ["2m", 120_000],
    ["1m30s", 90_000],
    ["1h", 3_600_000],
  ])("reads %s as %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "s",
    "30x",
    "-5s",
    "1e3s",
    "30 s",
    "0",
    "0s",
    "999ms",
    "61m",
    "2h",
    "NaN",
    "Infinity",
    "1s".repeat(50),
    "१s",
  ])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
