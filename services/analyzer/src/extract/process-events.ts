import type { EventOf, FileOrigin, TraceRecord, TraceStream, TraceTask } from "@airlock/contracts";
import { findScript } from "./command-script.ts";
import { signalName } from "./decode-tables/signals.ts";
import type { EventDraft } from "./event-log.ts";
import type { ExecRecord } from "./exec-record.ts";
import type { ExecutedPrograms } from "./executed-programs.ts";
import type { FileOrigins } from "./file-origin.ts";
import type { ProcessImage, ProcessTable } from "./process-table.ts";
import { joinPath } from "./sample-path.ts";
import type { StreamPartners } from "./stream-partners.ts";
import { formatAddress } from "./trace-address.ts";

export interface Actor {
  readonly Image?: string;
  readonly ImageOrigin?: FileOrigin;
  readonly ProcessId: number;
  readonly User: string;
}

/** Who acted, with the image it ran at that moment. */
export function describeActor(table: ProcessTable, task: TraceTask, time: bigint): Actor {
  const image = table.imageAt(task.key, time);
  return {
    ...(image === undefined ? {} : { Image: image.path, ImageOrigin: image.origin }),
    ProcessId: task.nsPid,
    User: String(task.euid),
  };
}

/** The same for traffic, which names a process by key only. */
export function describeProcess(table: ProcessTable, key: string, time: bigint): Partial<Actor> {
  const process = table.get(key);
  if (process === undefined) return {};
  const image = table.imageAt(key, time);
  return {
    ...(image === undefined ? {} : { Image: image.path, ImageOrigin: image.origin }),
    ProcessId: process.pid,
    User: process.user,
  };
}

/** Longest command line and argument list kept in one event: as long as a record can be. */
const LONGEST_COMMAND = 40_960;
const MOST_ARGUMENTS = 512;
/** Of a longer list its end is kept too: what is run may stand behind any number of options. */
const LAST_ARGUMENTS = 64;

/** Every exec is one creation, also where it replaces an image in the same process. */
export function describeCreation(
  record: ExecRecord,
  context: { table: ProcessTable; origins: FileOrigins },
): EventDraft<"process_creation"> {
  const { table, origins } = context;
  const actor = describeActor(table, record.task, record.time);
  const script = findScript(record);
  const [stdin, stdout, stderr] = record.streams;
  const fields: EventOf<"process_creation">["fields"] = {
    ...actor,
    CommandLine: record.argv.join(" ").slice(0, LONGEST_COMMAND),
    Arguments: boundArguments(record.argv),
    CurrentDirectory: record.cwd,
    RequestedImage: requestedImage(record, actor.Image),
    ...describeParent(table, record),
    Script: script,
    ScriptOrigin: script === undefined ? undefined : origins.ofPath(script),
    Environment: selectEnvironment(record.env),
    StdinKind: stdin.kind,
    StdoutKind: stdout.kind,
    StderrKind: stderr.kind,
    // Filled by `completeCreation`; here they hold their place in the order of fields.
    StdinFromImage: undefined,
    StdoutToImage: undefined,
    StdinPeer: peerOf(stdin),
    StdoutPeer: peerOf(stdout),
    Sha256: undefined,
    ImageContentChanged: undefined,
    ScriptSha256: undefined,
    IsEntrypoint: table.entrypoint() === record ? true : undefined,
    Comm: record.task.comm,
  };
  return { time: record.time, category: "process_creation", process: record.task.key, fields };
}

/** Adds what only later records told: the other ends of its pipes, what it ran, and where the script came from that it opened. */
export function completeCreation(
  { fields }: EventDraft<"process_creation">,
  record: ExecRecord,
  { origins, partners, programs }: { origins: FileOrigins; partners: StreamPartners; programs: ExecutedPrograms },
): void {
  const [from, to] = [partners.stdinFrom(record), partners.stdoutTo(record)];
  if (from !== undefined) fields.StdinFromImage = from;
  if (to !== undefined) fields.StdoutToImage = to;
  if (fields.Image !== undefined) Object.assign(fields, programs.describe(record, fields.Image));
  if (fields.Script !== undefined) fields.ScriptOrigin ??= origins.ofPath(fields.Script);
}

/** A process that acts with the program which it was forked with. */
export function describeFork(
  record: Extract<TraceRecord, { kind: "fork" }>,
  table: ProcessTable,
): EventDraft<"process_fork"> {
  return {
    time: record.time,
    category: "process_fork",
    process: record.child.key,
    fields: {
      ...describeActor(table, record.child, record.time),
      ParentProcessId: record.task.nsPid,
      ForkedFrom: record.task.key,
    },
  };
}

export function describeTermination(
  record: Extract<TraceRecord, { kind: "exit" }>,
  table: ProcessTable,
): EventDraft<"process_termination"> {
  const startedAt = table.get(record.task.key)?.startedAt ?? record.time;
  return {
    time: record.time,
    category: "process_termination",
    process: record.task.key,
    fields: {
      ...describeActor(table, record.task, record.time),
      ...(record.signal === 0 ? { ExitCode: record.code } : { Signal: signalName(record.signal) }),
      LifetimeMs: Math.max(0, Number(record.time - startedAt) / 1e6),
    },
  };
}

/** For scripts the path given is the script's, which `Script` tells. */
function requestedImage(record: ExecRecord, image: string | undefined): string | undefined {
  if (record.interpreter !== null || record.filename === "") return undefined;
  const requested = joinPath(record.cwd, record.filename);
  return requested === image ? undefined : requested;
}

function describeParent(
  table: ProcessTable,
  record: ExecRecord,
): Pick<
  EventOf<"process_creation">["fields"],
  "ParentImage" | "ParentCommandLine" | "ParentProcessId" | "Ancestors" | "AncestorScripts"
> {
  const key = table.get(record.task.key)?.parent;
  const parent = key === null || key === undefined ? undefined : table.get(key);
  if (parent === undefined) return {};
  const ancestors = table.ancestors(record.task.key);
  return {
    ParentImage: ancestors[0]?.path,
    ParentCommandLine: ancestors[0]?.commandLine.slice(0, LONGEST_COMMAND),
    ParentProcessId: parent.pid,
    Ancestors: ancestors.map((image) => image.path),
    AncestorScripts: scriptsOf(ancestors),
  };
}

function scriptsOf(ancestors: readonly ProcessImage[]): string[] | undefined {
  const scripts = ancestors.flatMap(({ script }) => script ?? []);
  return scripts.length === 0 ? undefined : scripts;
}

function boundArguments(argv: readonly string[]): string[] {
  let room = LONGEST_COMMAND;
  const kept: string[] = [];
  for (const argument of argv.length <= MOST_ARGUMENTS ? argv : headAndTail(argv)) {
    kept.push(argument.slice(0, room));
    room -= argument.length;
    if (room <= 0) break;
  }
  return kept;
}

function headAndTail(argv: readonly string[]): string[] {
  return [...argv.slice(0, MOST_ARGUMENTS - LAST_ARGUMENTS), "…", ...argv.slice(-LAST_ARGUMENTS)];
}

/** Variables by which a program is steered: loader, interpreters, proxies, history. Others may hold secrets and say little. */
const TELLING_VARIABLES =
  /^(LD_[A-Z0-9_]+|GLIBC_TUNABLES|GCONV_PATH|BASH_ENV|ENV|PROMPT_COMMAND|PS4|IFS|SHELLOPTS|PATH|HIST[A-Z]+|PYTHON[A-Z]+|PERL5[A-Z]+|PERLLIB|RUBY(OPT|LIB)|NODE_(OPTIONS|PATH)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|(https?|ftp|all|no)_proxy|GIT_SSH(_COMMAND)?)=/i;
const LONGEST_VARIABLE = 4096;
const MOST_VARIABLES = 128;
/** Those by which foreign code gets into a program: before all others, so that none push them out. */
const DANGEROUS_VARIABLES =
  /^(LD_(PRELOAD|AUDIT|LIBRARY_PATH)|GLIBC_TUNABLES|GCONV_PATH|BASH_ENV|ENV|PROMPT_COMMAND|PYTHON(PATH|HOME|STARTUP|USERBASE|BREAKPOINT|WARNINGS|INSPECT)|PERL5(OPT|LIB|DB)|RUBY(OPT|LIB)|NODE_OPTIONS|_?JAVA_(TOOL_)?OPTIONS|GIT_SSH_COMMAND)=/;

function selectEnvironment(env: readonly string[]): string[] | undefined {
  const telling = env.filter((variable) => TELLING_VARIABLES.test(variable));
  if (telling.length === 0) return undefined;
  const [first, rest] = [true, false].map((danger) =>
    telling.filter((one) => DANGEROUS_VARIABLES.test(one) === danger),
  );
  return [...(first ?? []), ...(rest ?? [])]
    .slice(0, MOST_VARIABLES)
    .map((variable) => variable.slice(0, LONGEST_VARIABLE));
}

function peerOf(stream: TraceStream): string | undefined {
  return stream.peer === undefined ? undefined : formatAddress(stream.peer);
}
