import { posix } from "node:path";
import type { BehaviourEvent, EventCategory } from "@airlock/contracts";
import { isSuccess } from "../outcome.ts";
import { type Accessor, readField, type Subject } from "../subject.ts";
import { callsOf } from "./audit-calls.ts";

/** Records that the Linux audit system writes about a call and that our events carry the content of. */
export const AUDIT_RECORDS = ["SYSCALL", "EXECVE", "PATH", "CWD", "PROCTITLE"] as const;
export type AuditRecord = (typeof AUDIT_RECORDS)[number];

/** Any text of a record, which keywords are looked for in. */
export const ANY_TEXT = "*";
/** Stands between a record's name and a field's in the field names of expressions: no rule's field has it. */
const SEPARATOR = "\0";
/** The kernel keeps so much of a program's name. */
const MAX_COMM = 15;

/** Field name by which an expression asks for a record's field, see `recordReader`. */
export function recordField(record: AuditRecord, field: string): string {
  return `${record}${SEPARATOR}${field}`;
}

/** Reads what `recordField` names, made from the event when it is asked for; null for any other name. */
export function recordReader(name: string): Accessor | null {
  const [record = "", field] = name.split(SEPARATOR);
  return field !== undefined && isRecord(record) ? readerOf(record, field) : null;
}

/** Reads a field of whichever record of the event has it. */
export function anyRecordReader(field: string): Accessor {
  const readers = AUDIT_RECORDS.map((record) => readerOf(record, field));
  return (subject) => {
    for (const read of readers) {
      const value = read(subject);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

/** Whether events of a category can ever have the field in the record. */
export function carries(record: AuditRecord, field: string, category: EventCategory): boolean {
  if (record === "EXECVE" && /^a\d{1,4}$/.test(field)) return true;
  if (isRegister(record, field)) return category === "syscall";
  return Object.hasOwn(FIELDS[record], field);
}

/** Fields of our own whose values are the record's field, any of them; none where it has to be made. */
export function ownFieldsOf(record: AuditRecord, field: string, category: EventCategory): readonly string[] {
  if (record === "PATH" && field === "name") {
    if (category === "process_creation") return ["Image", "RequestedImage", "Script"];
    return category === "syscall" ? ["TargetFilename"] : ["TargetFilename", "RequestedFilename"];
  }
  if (field === "SYSCALL" || field === "syscall") {
    if (category === "process_access") return ["CallName"];
    return category === "syscall" || category === "driver_load" ? ["SyscallName"] : [];
  }
  const own = Object.hasOwn(SAME_FIELDS[record], field) ? SAME_FIELDS[record][field] : undefined;
  return own === undefined ? [] : [own];
}

const SAME_FIELDS: Readonly<Record<AuditRecord, Readonly<Record<string, string>>>> = {
  SYSCALL: {
    exe: "Image",
    pid: "ProcessId",
    ppid: "ParentProcessId",
    euid: "User",
    fsuid: "User",
    exit: "ReturnValue",
  },
  EXECVE: {},
  PATH: {},
  CWD: { cwd: "CurrentDirectory" },
  PROCTITLE: { proctitle: "CommandLine" },
};

/** An argument of a call, which audit writes as a number in hex. */
export function isRegister(record: AuditRecord, field: string): boolean {
  return record === "SYSCALL" && REGISTER.test(field);
}

const REGISTER = /^a[0-3]$/;

function isRecord(name: string): name is AuditRecord {
  return (AUDIT_RECORDS as readonly string[]).includes(name);
}

function readerOf(record: AuditRecord, field: string): Accessor {
  const known = Object.hasOwn(FIELDS[record], field) ? FIELDS[record][field] : undefined;
  if (known !== undefined) return known;
  const place = /^a(\d{1,4})$/.exec(field)?.[1];
  if (place === undefined) return () => undefined;
  if (record === "EXECVE") return ({ event }) => argumentsOf(event)?.[Number(place)];
  return isRegister(record, field) ? ({ event }) => registerOf(event, Number(place)) : () => undefined;
}

const FIELDS: Readonly<Record<AuditRecord, Readonly<Record<string, Accessor>>>> = {
  SYSCALL: {
    SYSCALL: ({ event }) => callsOf(event),
    syscall: ({ event }) => callsOf(event),
    exe: (subject) => contextOf(subject, "Image"),
    comm: commOf,
    pid: ({ event }) => readField(event.fields, "ProcessId"),
    ppid: (subject) => contextOf(subject, "ParentProcessId"),
    // Recorded events name the id by which the kernel decides.
    euid: (subject) => contextOf(subject, "User"),
    fsuid: (subject) => contextOf(subject, "User"),
    success: ({ event }) => (isSuccess(resultOf(event)) ? "yes" : "no"),
    exit: ({ event }) => readField(event.fields, "ReturnValue"),
    [ANY_TEXT]: (subject) => texts(callsOf(subject.event), contextOf(subject, "Image"), commOf(subject)),
  },
  EXECVE: {
    argc: ({ event }) => argumentsOf(event)?.length,
    [ANY_TEXT]: ({ event }) => texts(argumentsOf(event), readField(event.fields, "CommandLine")),
  },
  PATH: {
    name: ({ event }) => namesOf(event),
    nametype: ({ event }) => nameTypeOf(event),
    [ANY_TEXT]: ({ event }) => namesOf(event),
  },
  CWD: {
    cwd: ({ event }) => readField(event.fields, "CurrentDirectory"),
    [ANY_TEXT]: ({ event }) => readField(event.fields, "CurrentDirectory"),
  },
  PROCTITLE: {
    proctitle: ({ event }) => readField(event.fields, "CommandLine"),
    [ANY_TEXT]: ({ event }) => readField(event.fields, "CommandLine"),
  },
};

function contextOf({ event, process }: Subject, field: string): unknown {
  return readField(event.fields, field) ?? readField(process?.start?.fields, field);
}

function commOf(subject: Subject): string | undefined {
  const comm = contextOf(subject, "Comm");
  if (typeof comm === "string") return comm;
  const image = contextOf(subject, "Image");
  return typeof image === "string" ? posix.basename(image).slice(0, MAX_COMM) : undefined;
}

function resultOf(event: BehaviourEvent): string | undefined {
  return "Result" in event.fields && typeof event.fields.Result === "string" ? event.fields.Result : undefined;
}

function argumentsOf(event: BehaviourEvent): readonly string[] | undefined {
  return event.category === "process_creation" ? event.fields.Arguments : undefined;
}

/** One name as a plain text: that is what nearly all events have, and it costs no list. */
function namesOf(event: BehaviourEvent): string | readonly string[] | undefined {
  if (event.category === "process_creation") {
    return texts(event.fields.Image, event.fields.RequestedImage, event.fields.Script);
  }
  const name = readField(event.fields, "TargetFilename");
  const asked = readField(event.fields, "RequestedFilename");
  if (asked !== undefined) return texts(name, asked);
  return typeof name === "string" ? name : undefined;
}

function nameTypeOf(event: BehaviourEvent): string | undefined {
  if (event.category === "file_rename") return "CREATE";
  if (event.category === "file_delete") return "DELETE";
  const made = event.category === "file_event" && event.fields.Operation !== "write" && isSuccess(event.fields.Result);
  if (made) return "CREATE";
  return namesOf(event) === undefined ? undefined : "NORMAL";
}

const PERSONALITY: Readonly<Record<string, bigint>> = {
  PER_LINUX32: 0x8n,
  UNAME26: 0x20000n,
  ADDR_NO_RANDOMIZE: 0x40000n,
  READ_IMPLIES_EXEC: 0x400000n,
};

/** A register as audit writes it, in hex without a mark; unknown where the event has flags' names in its place. */
function registerOf(event: BehaviourEvent, place: number): string | undefined {
  if (event.category !== "syscall") return undefined;
  const text = event.fields.Arguments?.[place];
  if (text === undefined) return undefined;
  if (/^-?\d{1,20}$/.test(text)) return BigInt.asUintN(64, BigInt(text)).toString(16);
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return text.slice(2).toLowerCase();
  if (event.fields.SyscallName !== "personality") return undefined;
  const flags = text.split("|").map((name) => (Object.hasOwn(PERSONALITY, name) ? PERSONALITY[name] : undefined));
  return flags.includes(undefined)
    ? undefined
    : flags.reduce((all, flag) => (all ?? 0n) | (flag ?? 0n), 0n)?.toString(16);
}

function texts(...values: unknown[]): string[] {
  return values.flat().filter((value): value is string => typeof value === "string");
}
