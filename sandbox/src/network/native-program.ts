import { fileURLToPath } from "node:url";

/** Programs built by `sandbox/native/Makefile`. */
export type NativeProgram =
  | "pause"
  | "harmless"
  | "sink-sockets"
  | "run-capture"
  | "plain-link"
  | "probe-path"
  | "opaque-folders";

/** Absolute path of one; the folder is as far from `src/network` as from `dist/network`. */
export function nativeProgram(name: NativeProgram): string {
  return fileURLToPath(new URL(`../../native/build/${name}`, import.meta.url));
}

/** Programs of the system are found here and nowhere else, whatever the caller's PATH holds. */
export const SYSTEM_ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" } as const;
