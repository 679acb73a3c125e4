import { accessorOf } from "../accessor.ts";
import type { Correlation, CorrelationReference, Signature } from "../rule.ts";
import type { Subject } from "../subject.ts";
import { anyRecordReader } from "../taxonomy/audit-fields.ts";

/** Text of a field of what matched, or null when it has none. `told` are the fields that a correlation grouped by. */
export type Reader = (subject: Subject, told: ReadonlyMap<string, string> | null) => string | null;

/** Where a match of a rule counts: which correlation, and as which of its rules. */
export interface Feed {
  readonly node: number;
  readonly reference: number;
}

/** A correlation ready to run. Those it refers to come before it. */
export interface CorrelationNode {
  readonly signature: Signature;
  readonly correlation: Correlation;
  /** Its matches are findings: no other correlation takes it for a mere part. */
  readonly fires: boolean;
  readonly feeds: readonly Feed[];
  /** By reference: how to read the fields to group by, and those to count. */
  readonly readers: readonly { readonly group: readonly Reader[]; readonly values: readonly Reader[] }[];
}

export interface CorrelationPlan {
  readonly nodes: readonly CorrelationNode[];
  /** By id of a signature that some correlation counts. */
  readonly feeds: ReadonlyMap<string, readonly Feed[]>;
  /** Ids of signatures that are parts of a correlation and no findings by themselves. */
  readonly silent: ReadonlySet<string>;
}

/** Puts the correlations among signatures in order. */
export function planCorrelations(signatures: readonly Signature[]): CorrelationPlan {
  const ordered = inOrder(signatures);
  const silent = new Set(ordered.flatMap(silencedBy));
  const feeds = new Map<string, Feed[]>();
  for (const [node, { correlation }] of ordered.entries()) {
    for (const [reference, { signature }] of (correlation?.references ?? []).entries()) {
      feeds.set(signature.id, [...(feeds.get(signature.id) ?? []), { node, reference }]);
    }
  }
  const nodes = ordered.flatMap((signature): CorrelationNode[] => {
    const { correlation, id } = signature;
    if (correlation === null) return [];
    const readers = correlation.references.map((reference) => ({
      group: correlation.groupBy.map((field) => readerOf(field, reference)),
      values: correlation.fields.map((field) => readerOf(field, reference)),
    }));
    return [{ signature, correlation, fires: !silent.has(id), feeds: feeds.get(id) ?? [], readers }];
  });
  return { nodes, feeds, silent };
}

/** The signatures, and all that correlations among them refer to, each once: those given first, in their order. */
export function withParts(signatures: readonly Signature[]): Signature[] {
  const found = new Map<string, Signature>();
  const visit = (signature: Signature): void => {
    if (found.has(signature.id)) return;
    found.set(signature.id, signature);
    for (const reference of signature.correlation?.references ?? []) visit(reference.signature);
  };
  for (const signature of signatures) found.set(signature.id, signature);
  for (const signature of signatures) {
    for (const reference of signature.correlation?.references ?? []) visit(reference.signature);
  }
  return [...found.values()];
}

function inOrder(signatures: readonly Signature[]): Signature[] {
  const ordered = new Set<Signature>();
  const visit = (signature: Signature): void => {
    if (signature.correlation === null || ordered.has(signature)) return;
    for (const reference of signature.correlation.references) visit(reference.signature);
    ordered.add(signature);
  };
  for (const signature of signatures.toSorted((a, b) => (a.id < b.id ? -1 : 1))) visit(signature);
  return [...ordered];
}

/** What a user adds takes nothing away: a shipped signature goes on being a finding whoever else counts it. */
function silencedBy({ correlation, source }: Signature): string[] {
  if (correlation === null || correlation.generate) return [];
  return correlation.references.flatMap(({ signature }) =>
    signature.source === "shipped" && source === "user" ? [] : [signature.id],
  );
}

function readerOf(name: string, { signature, aliases }: CorrelationReference): Reader {
  const field = aliases.get(name) ?? name;
  const read = accessorOf(field);
  const readRecord = anyRecordReader(field);
  const isRecord = signature.views !== null || signature.correlation !== null;
  return (subject, told) => told?.get(field) ?? textOf(read(subject) ?? (isRecord ? readRecord(subject) : undefined));
}

/** A list is one value, as a whole. */
function textOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return Array.isArray(value) ? JSON.stringify(value) : null;
}
