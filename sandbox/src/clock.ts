import { readFileSync } from "node:fs";

/**
 * Unix time minus CLOCK_BOOTTIME in nanoseconds, to well under a millisecond: the wall clock is read at the moment
 * its millisecond changes. Node's own counter is CLOCK_MONOTONIC, which leaves out time asleep; uptime does not.
 */
export function measureBootToUnixNs(): bigint {
  const before = Date.now();
  let wall = before;
  while (wall === before) wall = Date.now();
  const monotonic = process.hrtime.bigint();
  const uptime = BigInt(Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000)) * 1_000_000n;
  const asleep = uptime - monotonic;
  // Uptime has a resolution of 10 ms: less than that, twice over, is no sleep but rounding.
  const boot = asleep > 50_000_000n ? monotonic + asleep : monotonic;
  return BigInt(wall) * 1_000_000n - boot;
}
