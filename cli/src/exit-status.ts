import type { Decision, Fault } from "@airlock/contracts";

/** What the shell sees. Documented in `--help` and docs/report-format.md; pipelines depend on it. */
export const EXIT_STATUS = { allowed: 0, failed: 1, denied: 2, incomplete: 3, interrupted: 130 } as const;
export type ExitStatus = (typeof EXIT_STATUS)[keyof typeof EXIT_STATUS];

/** The status of a finished analysis. */
export function toExitStatus(decision: Decision): ExitStatus {
  switch (decision.decision) {
    case "allow":
      return EXIT_STATUS.allowed;
    case "deny":
      return EXIT_STATUS.denied;
    case "incomplete":
      return EXIT_STATUS.incomplete;
    default:
      return decision satisfies never;
  }
}

/** The status of a command that could not do its work. */
export function faultExitStatus(fault: Fault): ExitStatus {
  return fault.code === "INTERRUPTED" ? EXIT_STATUS.interrupted : EXIT_STATUS.failed;
}
