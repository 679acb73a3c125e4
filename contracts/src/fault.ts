/**
 * Faults are failures of ours, never the sample's fate (that is `Outcome`, which is data). Each has a code
 * from this closed table; codes are never reused. `status` is the HTTP status the service answers with;
 * `retryable` says whether trying the same job again can help.
 */
export const FAULTS = {
  USAGE: { status: 400, retryable: false },
  NOT_ROOT: { status: 500, retryable: false },
  IMAGE_REFERENCE_INVALID: { status: 400, retryable: false },
  IMAGE_NOT_FOUND: { status: 404, retryable: false },
  IMAGE_MALFORMED: { status: 422, retryable: false },
  IMAGE_DIGEST_MISMATCH: { status: 422, retryable: false },
  IMAGE_PATH_REFUSED: { status: 422, retryable: false },
  IMAGE_LAYER_REFUSED: { status: 422, retryable: false },
  IMAGE_TOO_LARGE: { status: 422, retryable: false },
  IMAGE_TOO_MANY_LAYERS: { status: 422, retryable: false },
  IMAGE_PLATFORM_UNSUPPORTED: { status: 422, retryable: false },
  IMAGE_NO_COMMAND: { status: 422, retryable: false },
  REGISTRY_UNREACHABLE: { status: 502, retryable: true },
  REGISTRY_UNAUTHORIZED: { status: 502, retryable: false },
  REGISTRY_ERROR: { status: 502, retryable: true },
  ENGINE_UNREACHABLE: { status: 503, retryable: true },
  ENGINE_ERROR: { status: 502, retryable: true },
  ENGINE_FOREIGN_KERNEL: { status: 500, retryable: false },
  KERNEL_UNSUPPORTED: { status: 500, retryable: false },
  TRACER_MISSING: { status: 500, retryable: false },
  TRACER_FAILED: { status: 500, retryable: true },
  SINK_FAILED: { status: 500, retryable: true },
  CAPTURE_FAILED: { status: 500, retryable: true },
  NETWORK_FAILED: { status: 500, retryable: true },
  CGROUP_FAILED: { status: 500, retryable: true },
  DISK_LOW: { status: 503, retryable: true },
  SIGNATURE_INVALID: { status: 422, retryable: false },
  RUN_INVALID: { status: 422, retryable: false },
  OUTPUT_UNWRITABLE: { status: 500, retryable: false },
  TEARDOWN_FAILED: { status: 500, retryable: true },
  INTERRUPTED: { status: 499, retryable: true },
  INTERNAL: { status: 500, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type FaultCode = keyof typeof FAULTS;

/** A coded failure of ours. `hint` is one sentence that tells the user what to do next. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly hint: string | undefined;

  constructor(code: FaultCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.hint = options.hint;
  }
}

/** Turns anything thrown into a Fault; a Fault passes through unchanged, anything else gets `code`. */
export function toFault(error: unknown, code: FaultCode = "INTERNAL", context?: string): Fault {
  if (error instanceof Fault) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Fault(code, context === undefined ? message : `${context}: ${message}`, { cause: error });
}
