import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration, formatScore } from "./quantity.ts";

describe("quantities", () => {
  it("groups thousands", () => {
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
  });

  it("uses binary units", () => {
    expect([0, 1023, 1024, 1536, 12 * 2 ** 20, 3 * 2 ** 50].map(formatBytes)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "12 MiB",
      "3072 TiB",
    ]);
  });

  it("writes durations at the precision that matters", () => {
    expect([5, 999, 1000, 59_940, 125_000].map(formatDuration)).toEqual([
      "5 ms",
      "999 ms",
      "1.0 s",
      "59.9 s",
      "2 min 5 s",
    ]);
  });

  it("never rounds a score up to certainty", () => {
    expect([0, 69.99, 99.96, 100].map(formatScore)).toEqual(["0", "69.9", "99.9", "100"]);
  });
});
