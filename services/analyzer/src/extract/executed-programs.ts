import type { EventOf, TraceProgram, TraceRecord } from "@airlock/contracts";
import { findScript } from "./command-script.ts";
import { identifyContent } from "./content-type.ts";
import { octalMode } from "./decode-tables/file-modes.ts";
import type { ExecRecord } from "./exec-record.ts";
import type { FileOrigins } from "./file-origin.ts";

/** A program or script that ran and is not, as it was, in the image. */
export interface ExecutedProgram {
  readonly path: string;
  /** `changed`: the image has another file there. */
  readonly change: "added" | "changed";
  readonly sha256: string;
  readonly size: number;
  /** `elf`, `script`, ... by first bytes. */
  readonly type: string;
  /** Octal; empty where not known. */
  readonly mode: string;
  /** The run's `dropped/` folder has it. */
  readonly kept: boolean;
}

type CreationFields = EventOf<"process_creation">["fields"];

export interface ExecutedPrograms {
  /** Takes an exec, or what was found of one's file later. */
  note(record: ExecRecord | ProgramRecord): void;
  /** By content, what an exec ran. Call when all records have been noted. */
  describe(record: ExecRecord, path: string): Pick<CreationFields, "Sha256" | "ImageContentChanged" | "ScriptSha256">;
  /** In the order of their first run. Likewise. */
  list(): readonly ExecutedProgram[];
  /** How many of them nobody has a copy of. Likewise. */
  uncopied(): number;
}

type ProgramRecord = Extract<TraceRecord, { kind: "program" }>;

/** Most of those remembered; a sample can run as many as it likes. */
const MOST_PROGRAMS = 100_000;

/** Knows executed files by what the recorder read of them before they ran, and the image's own by their hash. */
export function createExecutedPrograms(origins: FileOrigins): ExecutedPrograms {
  const execs: ExecRecord[] = [];
  const held = new Map<string, TraceProgram>();

  return {
    note(record) {
      if (record.kind === "program") held.set(keyOf(record.task.key, record.execTime), record.program);
      else if (isForeign(record) && execs.length < MOST_PROGRAMS) execs.push(record);
    },
    describe(record, path) {
      const sha256 = hashOf(record, path);
      const imageSha256 = origins.imageSha256(path);
      const isCopy = origins.ofFile(record.file) === "copied-up" && sha256 !== undefined && imageSha256 !== undefined;
      return {
        Sha256: sha256,
        ImageContentChanged: isCopy ? sha256 !== imageSha256 : undefined,
        ScriptSha256: scriptHashOf(record),
      };
    },
    list() {
      const found = new Map<string, ExecutedProgram>();
      for (const { path, program, mode } of everyForeign()) {
        const key = `${program.sha256}:${path}`;
        if (program.sha256 === undefined || found.has(key)) continue;
        found.set(key, {
          path,
          change: origins.imageSha256(path) === undefined ? "added" : "changed",
          sha256: program.sha256,
          size: Number(program.size),
          type: identifyContent(program.head) ?? "data",
          mode,
          kept: program.state === "copied",
        });
      }
      return [...found.values()];
    },
    uncopied() {
      const missing = everyForeign().filter(({ program }) => program.state !== "copied");
      return new Set(missing.map(({ path, program }) => `${program.sha256}:${path}`)).size;
    },
  };

  function programOf(record: ExecRecord): TraceProgram | undefined {
    const found = record.program ?? held.get(keyOf(record.task.key, record.time));
    return found ?? (record.held || record.unheld ? GONE : undefined);
  }

  function hashOf(record: ExecRecord, path: string): string | undefined {
    const program = programOf(record);
    if (program !== undefined) return program.sha256;
    if (record.file.layer === "lower") return origins.imageSha256(path);
    // A recording without copies: what the file was at the end, if that is still the same one.
    return record.file.memfd || record.file.deleted ? undefined : origins.sha256(path);
  }

  function scriptHashOf(record: ExecRecord): string | undefined {
    if (record.script !== undefined) return record.script.sha256;
    const script = record.interpreter === null ? undefined : findScript(record);
    return script === undefined ? undefined : origins.imageSha256(script);
  }

  /** What the image has itself, if only with other rights, is nothing that was dropped. */
  function everyForeign(): { path: string; program: TraceProgram; mode: string }[] {
    const all = execs.flatMap((record) => {
      const program = programOf(record);
      const script = findScript(record);
      return [
        ...(program === undefined ? [] : [{ path: record.file.path, program, mode: octalMode(record.file.mode) }]),
        ...(record.script === undefined || script === undefined
          ? []
          : [{ path: script, program: record.script, mode: "" }]),
      ];
    });
    return all.filter(
      ({ path, program }) => program.sha256 === undefined || program.sha256 !== origins.imageSha256(path),
    );
  }
}

/** Asked for, and no answer came. */
const GONE: TraceProgram = { state: "gone", size: 0n, head: new Uint8Array(0) };

function isForeign({ held, program, script, unheld }: ExecRecord): boolean {
  return program !== undefined || script !== undefined || held === true || unheld === true;
}

function keyOf(process: string, execTime: bigint): string {
  return `${process}@${execTime}`;
}
