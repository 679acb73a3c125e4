import { printable } from "@airlock/contracts";
import {
  type LintFinding,
  type ListedSignature,
  lintPacks,
  listSignatures,
  loadSignatures,
  readPacks,
} from "@airlock/signatures";
import { EXIT_STATUS, type ExitStatus } from "../exit-status.ts";
import { type Terminal, writeText } from "../terminal.ts";

export interface ListSignaturesOptions {
  /** Folders beside the shipped packs. */
  readonly folders: readonly string[];
  readonly format: "table" | "json";
}

/** `airlock signatures list`: what an analysis would judge by. Throws SIGNATURE_INVALID. */
export async function runSignaturesList(options: ListSignaturesOptions, terminal: Terminal): Promise<ExitStatus> {
  const listed = listSignatures(await loadSignatures({ folders: options.folders }));
  const text = options.format === "json" ? `${JSON.stringify(listed, null, 2)}\n` : formatList(listed);
  await writeText(terminal.stdout, text);
  return EXIT_STATUS.allowed;
}

/** `airlock signatures lint`: everything that is wrong with the packs below the folders. Fails when anything is. */
export async function runSignaturesLint(options: ListSignaturesOptions, terminal: Terminal): Promise<ExitStatus> {
  const folders = options.folders.length === 0 ? [undefined] : options.folders;
  const packs = (await Promise.all(folders.map((folder) => readPacks(folder)))).flat();
  const findings = lintPacks(packs);
  const text =
    options.format === "json" ? `${JSON.stringify(findings, null, 2)}\n` : formatLint(findings, packs.length);
  await writeText(terminal.stdout, text);
  return findings.length === 0 ? EXIT_STATUS.allowed : EXIT_STATUS.failed;
}

function formatList(listed: readonly ListedSignature[]): string {
  const idWidth = Math.max(0, ...listed.map(({ id }) => id.length));
  const lines = listed.map(({ id, level, title, techniques, applies, reason }) => {
    const state = applies ? techniques.join(" ") : `does not apply: ${reason ?? ""}`;
    return `${level.padEnd(13)} ${printable(id).padEnd(idWidth)}  ${printable(`${title}  ${state}`)}\n`;
  });
  const unused = listed.filter(({ applies }) => !applies).length;
  return `${lines.join("")}${listed.length} signatures${unused > 0 ? `, ${unused} of which don't apply to containers` : ""}\n`;
}

function formatLint(findings: readonly LintFinding[], packs: number): string {
  const lines = findings.map(
    ({ pack, check, message, recommendation }) =>
      `✖ ${printable(pack)}: ${check}: ${printable(message)}\n    → ${printable(recommendation)}\n`,
  );
  return `${lines.join("")}${findings.length === 0 ? "✔" : "✖"} ${packs} packs looked at, ${findings.length} findings\n`;
}
