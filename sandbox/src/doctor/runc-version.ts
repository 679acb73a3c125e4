import { type CheckOutcome, fail, ok, warn } from "./check.ts";
import { isOlder } from "./version.ts";

/**
 * Judges the runtime that stands between a sample and this host.
 * CVE-2024-21626 (leaked descriptors, "Leaky Vessels"): fixed in 1.1.12, and by Debian 12 in its own 1.1.5+ds1-1+deb12u1.
 * CVE-2025-31133, -52565, -52881 (masked paths): fixed in 1.2.8, 1.3.3 and 1.4.0-rc.3.
 */
export function judgeRunc(version: string): CheckOutcome {
  if (!/\d+\.\d+\.\d+/.test(version)) return warn("its version is unknown", UPDATE);
  if (isOlder(version, "1.1.12") && !/^1\.1\.5\+.*\+deb12u[1-9]/.test(version)) {
    return fail(`runc ${version} lets a container out (CVE-2024-21626)`, UPDATE);
  }
  if (isOlder(version, "1.2.8") || (/^1\.3\.[0-2]\b/.test(version) && isOlder(version, "1.3.3"))) {
    return warn(`runc ${version} can be tricked through masked paths (CVE-2025-31133 and two more)`, UPDATE);
  }
  return ok(`runc ${version}`);
}

const UPDATE = "Update runc to 1.2.8, 1.3.3 or newer, or to your distribution's latest security update.";
