import { toFault } from "@airlock/contracts";

/** What one check found. `measured` says what is, `advice` what to do about it. */
export interface CheckResult {
  readonly name: string;
  /** `skip`: could not be looked at because something it needs has failed already. */
  readonly status: "ok" | "warn" | "fail" | "skip";
  readonly measured: string;
  readonly advice?: string;
}

export type CheckOutcome = Omit<CheckResult, "name">;

/** One thing to look at. What it throws is a failure of the thing, not of the doctor. */
export interface Check {
  readonly name: string;
  /** Names of checks without which this one means nothing. */
  readonly needs?: readonly string[];
  readonly look: () => Promise<CheckOutcome> | CheckOutcome;
}

export function ok(measured: string): CheckOutcome {
  return { status: "ok", measured };
}

export function warn(measured: string, advice: string): CheckOutcome {
  return { status: "warn", measured, advice };
}

export function fail(measured: string, advice: string): CheckOutcome {
  return { status: "fail", measured, advice };
}

/** Runs the checks in order, telling each result as it comes. */
export async function runChecks(
  checks: readonly Check[],
  onResult: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const result = { name: check.name, ...(await lookAt(check, results)) };
    results.push(result);
    onResult(result);
  }
  return results;
}

async function lookAt(check: Check, before: readonly CheckResult[]): Promise<CheckOutcome> {
  const broken = (check.needs ?? []).filter((name) =>
    before.some((result) => result.name === name && (result.status === "fail" || result.status === "skip")),
  );
  if (broken.length > 0) return { status: "skip", measured: `not looked at, since this needs: ${broken.join(", ")}` };
  try {
    return await check.look();
  } catch (error) {
    const fault = toFault(error);
    return fail(`${fault.message} [${fault.code}]`, fault.hint ?? "See the message.");
  }
}
