import { readFileSync } from "node:fs";
import { Fault } from "@airlock/contracts";

const PARAMETER = "/sys/module/overlay/parameters/metacopy";

/**
 * With this option overlay copies only the metadata of a file whose owner or mode changes: in the writable layer it is then a
 * hole of the right size, and what we read there would not be what the sample saw. Throws KERNEL_UNSUPPORTED.
 */
export function requireWholeCopies(parameter = PARAMETER): void {
  if (!isSet(parameter)) return;
  throw new Fault("KERNEL_UNSUPPORTED", "overlay file systems keep metadata without content on this host (metacopy)", {
    hint: `Switch it off: echo N > ${PARAMETER}`,
  });
}

function isSet(parameter: string): boolean {
  try {
    return /^[Y1]/.test(readFileSync(parameter, "utf8"));
  } catch {
    // A kernel without the option.
    return false;
  }
}
