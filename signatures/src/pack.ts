import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { BehaviourEvent } from "@airlock/contracts";
import { loadSignatures, SHIPPED_PACKS } from "./load.ts";
import type { Signature } from "./rule.ts";
import { readTrace } from "./trace.ts";

/** A recorded or written piece of a run, for trying a signature. */
export interface Trace {
  readonly file: string;
  readonly events: readonly BehaviourEvent[];
}

/** A signature's folder `<tactic>/<slug>`: the rule, traces it must fire on, and near misses it must not. */
export interface Pack {
  readonly tactic: string;
  readonly slug: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly signature: Signature;
  /** Further rules of the same file, which the signature correlates. */
  readonly parts: readonly Signature[];
  readonly hits: readonly Trace[];
  readonly misses: readonly Trace[];
}

/** Reads every pack below a folder. SIGNATURE_INVALID for a bad rule, RUN_INVALID for a bad trace. */
export async function readPacks(packs: string = SHIPPED_PACKS): Promise<Pack[]> {
  const byFile = new Map<string, Signature[]>();
  for (const signature of await loadSignatures({ packs })) {
    byFile.set(signature.file, [...(byFile.get(signature.file) ?? []), signature]);
  }
  // By id, so that the first document of a file comes before its others.
  return Promise.all(
    [...byFile.values()].flatMap(([first, ...parts]) => (first ? [readPack(packs, first, parts)] : [])),
  );
}

async function readPack(packs: string, signature: Signature, parts: readonly Signature[]): Promise<Pack> {
  const [tactic = "", slug = ""] = signature.file.split("/");
  const folder = join(packs, tactic, slug);
  const files = (await readdir(folder)).toSorted();
  const read = async (prefix: string): Promise<Trace[]> =>
    Promise.all(
      files
        .filter((file) => file.startsWith(prefix) && file.endsWith(".ndjson"))
        .map(async (file) => ({ file, events: await readTrace(join(folder, file)) })),
    );
  return { tactic, slug, folder, files, signature, parts, hits: await read("hit-"), misses: await read("miss-") };
}
