import type { TraceRecord } from "@airlock/contracts";

export type ExecRecord = Extract<TraceRecord, { kind: "exec" }>;
