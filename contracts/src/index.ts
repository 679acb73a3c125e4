export {
  BehaviourEvent,
  EVENT_CATEGORIES,
  type EventCategory,
  type EventOf,
  FileOrigin,
  StreamKind,
} from "./behaviour-event.ts";
export { Coverage, LimitHit, LossAccount, SensorStatus } from "./coverage.ts";
export { type Decision, decide, type Policy } from "./decide.ts";
export { DetonationLimits, DetonationPlan } from "./detonation-plan.ts";
export { FAULTS, Fault, type FaultCode, toFault } from "./fault.ts";
export { Evidence, Finding, Judgement, SignatureLevel } from "./finding.ts";
export { Digest, ImageConfig, PinnedImage, Platform } from "./image.ts";
export { readImageConfig } from "./image-config.ts";
export { formatImageReference, type ImageReference, parseImageReference } from "./image-reference.ts";
export { type ImageSource, parseImageSource } from "./image-source.ts";
export { Outcome } from "./outcome.ts";
export { printable } from "./printable.ts";
export { CapturedOutput, ImageProgram, LayerEntry, Recording, RUN_FILES, Survivor } from "./recorded-run.ts";
export { DroppedFile, Report, ReportFile, ReportNetwork, ReportProcess } from "./report.ts";
export { SinkRecord, type SinkRecordOf } from "./sink-record.ts";
export type {
  TraceAccount,
  TraceAddress,
  TraceClassAccount,
  TraceFile,
  TraceKind,
  TracePath,
  TraceProgram,
  TraceRecord,
  TraceSocket,
  TraceStream,
  TraceTask,
} from "./trace-record.ts";
export { UnknownReason, Verdict, VerdictLevel } from "./verdict.ts";
