import { randomBytes } from "node:crypto";
import { access, constants, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Fault, toFault } from "@airlock/contracts";

/**
 * Where a result goes besides standard output. Checked before the analysis, so that half a minute of work isn't lost to a
 * typing error, and written whole or not at all: a reader never finds half a report.
 */
export interface OutputFile {
  /** Throws OUTPUT_UNWRITABLE. */
  write(text: string): Promise<void>;
}

/** Throws OUTPUT_UNWRITABLE when the file could not be written later. */
export async function prepareOutputFile(path: string): Promise<OutputFile> {
  const target = await realpath(path).catch(() => path);
  const existing = await stat(target).catch(() => null);
  if (existing?.isDirectory()) throw new Fault("OUTPUT_UNWRITABLE", `${path} is a folder`);
  // Renaming over /dev/null or a pipe would replace the device itself.
  if (existing !== null && !existing.isFile()) return { write: (text) => writeThrough(target, text) };
  try {
    await access(dirname(target), constants.W_OK);
  } catch (error) {
    throw toFault(error, "OUTPUT_UNWRITABLE", `can't write into the folder of ${path}`);
  }
  return { write: (text) => replaceFile(target, text) };
}

async function writeThrough(target: string, text: string): Promise<void> {
  try {
    await writeFile(target, text, { flag: "r+" });
  } catch (error) {
    throw toFault(error, "OUTPUT_UNWRITABLE", `can't write ${target}`);
  }
}

async function replaceFile(target: string, text: string): Promise<void> {
  const temporary = join(dirname(target), `.${basename(target).slice(0, 200)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temporary, "wx", 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw toFault(error, "OUTPUT_UNWRITABLE", `can't write ${target}`);
  }
}
