import type { EventOf, TraceRecord } from "@airlock/contracts";
import { describeArguments, findTarget } from "./call-arguments.ts";
import { nameOption, PTRACE_REQUESTS } from "./decode-tables/call-options.ts";
import { describeResult, isDenied } from "./decode-tables/errno.ts";
import { OPEN } from "./decode-tables/file-modes.ts";
import { signalName } from "./decode-tables/signals.ts";
import type { EventContext } from "./file-events.ts";
import { describeActor } from "./process-events.ts";
import { toInt } from "./register.ts";
import { bestPath } from "./sample-path.ts";

type CallRecord = Extract<TraceRecord, { kind: "syscall" }>;
type OpenRecord = Extract<TraceRecord, { kind: "open" }>;
type Access = EventOf<"process_access">["fields"];

/** Which argument names the other process, and what is asked of it. */
const REACHING_CALLS: Readonly<
  Record<string, { pid: number | null; request: (args: readonly bigint[]) => string | undefined }>
> = {
  ptrace: { pid: 1, request: (args) => nameOption(toInt(args[0]), PTRACE_REQUESTS) },
  process_vm_readv: { pid: 0, request: () => "read" },
  process_vm_writev: { pid: 0, request: () => "write" },
  kill: { pid: 0, request: (args) => signalName(toInt(args[1])) },
  tkill: { pid: 0, request: (args) => signalName(toInt(args[1])) },
  tgkill: { pid: 0, request: (args) => signalName(toInt(args[2])) },
  rt_sigqueueinfo: { pid: 0, request: (args) => signalName(toInt(args[1])) },
  rt_tgsigqueueinfo: { pid: 0, request: (args) => signalName(toInt(args[2])) },
  // Their target is a pidfd: a descriptor number, which says nothing about whose process it is.
  pidfd_send_signal: { pid: null, request: (args) => signalName(toInt(args[1])) },
  pidfd_getfd: { pid: null, request: (args) => `fd ${toInt(args[1])}` },
};

/** A traced program's requests come by the thousand; the same one again says nothing new. */
const REPEATED_CALLS: ReadonlySet<string> = new Set(["ptrace", "process_vm_readv", "process_vm_writev"]);

const MEMORY_FILE = /^\/proc\/(\d+)(?:\/task\/\d+)?\/mem$/;

export interface CallEvents {
  add(record: CallRecord): void;
  /** A process that opens another one's memory reaches into it without any of the calls above. */
  addMemoryOpen(record: OpenRecord): void;
  collapsed(): number;
}

/** Turns calls without a category of their own into `process_access`, `driver_load` and `syscall` events. */
export function createCallEvents(context: EventContext): CallEvents {
  const { log, table } = context;
  const seen = new Set<string>();
  let collapsed = 0;

  return { add, addMemoryOpen, collapsed: () => collapsed };

  function add(record: CallRecord): void {
    const base = { time: record.time, process: record.task.key };
    const reach = REACHING_CALLS[record.syscall];
    if (reach !== undefined) {
      const target = reach.pid === null ? undefined : toInt(record.args[reach.pid]);
      addAccess(record, { CallName: record.syscall, Request: reach.request(record.args) }, target);
      return;
    }
    if (record.syscall === "init_module" || record.syscall === "finit_module") {
      const ImageLoaded = record.file === undefined ? undefined : bestPath(undefined, record.file);
      const fields = { ...outcome(record), ImageLoaded, SyscallName: record.syscall };
      log.add<"driver_load">({ ...base, category: "driver_load", fields });
      return;
    }
    log.add<"syscall">({
      ...base,
      category: "syscall",
      fields: {
        ...outcome(record),
        SyscallName: record.syscall,
        Arguments: describeArguments(record),
        TargetFilename: findTarget(record),
        Compat: record.compat ? true : undefined,
        ReturnValue: record.result,
      },
    });
  }

  function addMemoryOpen(record: OpenRecord): void {
    const pid = MEMORY_FILE.exec(bestPath(record.path, record.file))?.[1];
    if (pid === undefined || Number(pid) === record.task.nsPid) return;
    const Request = (record.flags & OPEN.accessMode) === 0 ? "read" : "write";
    addAccess(record, { CallName: record.syscall, Request }, Number(pid));
  }

  function addAccess(
    record: CallRecord | OpenRecord,
    call: { CallName: string; Request: string | undefined },
    pid: number | undefined,
  ): void {
    const target = targetFields(record, pid);
    const fields: Access = { ...outcome(record), ...call, ...target };
    const key = `${record.task.key} ${call.CallName} ${call.Request} ${pid} ${fields.TargetImage} ${fields.Result}`;
    if (REPEATED_CALLS.has(call.CallName) && seen.has(key)) {
      collapsed += 1;
      return;
    }
    const event = { time: record.time, category: "process_access" as const, process: record.task.key, fields };
    if (log.add<"process_access">(event) !== undefined) seen.add(key);
  }

  /** Numbers of other processes are the sample's own, as its calls use them. Zero and negative ones name groups. */
  function targetFields(record: CallRecord | OpenRecord, pid: number | undefined): Partial<Access> {
    const source = table.imageAt(record.task.key, record.time)?.path;
    const own = source === undefined ? {} : { SourceImage: source };
    if (pid === undefined || isTraceMe(record)) return own;
    const target = pid > 0 ? table.findByPid(pid, record.time) : undefined;
    if (target === undefined) return { ...own, TargetProcessId: pid };
    const image = table.imageAt(target.key, record.time);
    return {
      ...own,
      TargetProcessId: pid,
      ...(image === undefined ? {} : { TargetImage: image.path }),
      TargetIsChild: table.isDescendant(target.key, record.task.key),
    };
  }

  function outcome(record: CallRecord | OpenRecord): Pick<Access, "Result" | "Denied" | "NamesChanged"> {
    return {
      ...describeActor(table, record.task, record.time),
      Result: describeResult(record.result),
      Denied: isDenied(record.result, record.blocked) ? true : undefined,
      NamesChanged: record.raced,
    };
  }
}

/** PTRACE_TRACEME ignores its pid: the caller offers itself to its parent. */
function isTraceMe(record: CallRecord | OpenRecord): boolean {
  return record.kind === "syscall" && record.syscall === "ptrace" && toInt(record.args[0]) === 0;
}
