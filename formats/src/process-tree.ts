import type { Report, ReportProcess } from "@airlock/contracts";

/** One row of the tree, ready for any display. */
export interface ProcessRow {
  readonly process: ReportProcess;
  /** 0 for a root. */
  readonly depth: number;
  /**
   * For each level down to this row, whether a later sibling follows there: draws the lines. Of a deep row only the last
   * levels, for a sample chooses the depth and a full list for every row would cost its square.
   */
  readonly continues: readonly boolean[];
  /** How many siblings, all alike and childless, this row stands for. */
  readonly repeats: number;
}

const KEPT_LEVELS = 40;

export interface ProcessRows {
  readonly rows: readonly ProcessRow[];
  /** Processes that found no room within `maxRows`. */
  readonly omitted: number;
}

/**
 * Flattens the process list into rows, parents before children, in order of start. A process whose parent is not in the
 * list is a root, and so is the first of any ring of parents: nothing is ever left out silently. Walks with a stack of its
 * own, since a sample can build a chain of forks deeper than the call stack.
 */
export function layOutProcesses(report: Pick<Report, "processes">, maxRows: number): ProcessRows {
  const children = groupByParent(report.processes);
  const rows: ProcessRow[] = [];
  const placed = new Set<string>();
  let shown = 0;
  for (const root of listRoots(report.processes, children)) {
    const stack: ProcessRow[] = [{ process: root, depth: 0, continues: [], repeats: 1 }];
    for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
      if (placed.has(row.process.key)) continue;
      placed.add(row.process.key);
      if (rows.length < maxRows) {
        rows.push(row);
        shown += row.repeats;
      }
      stack.push(...childRows(row, children, placed).toReversed());
    }
  }
  return { rows, omitted: report.processes.length - shown };
}

function groupByParent(processes: readonly ReportProcess[]): Map<string | null, ReportProcess[]> {
  const keys = new Set(processes.map((process) => process.key));
  const children = new Map<string | null, ReportProcess[]>();
  for (const process of processes.toSorted((a, b) => a.startedAtMs - b.startedAtMs)) {
    const parent = process.parent !== null && keys.has(process.parent) ? process.parent : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [process]);
    else siblings.push(process);
  }
  return children;
}

/** True roots first, then every process, so that members of a ring are reached as well. */
function* listRoots(
  processes: readonly ReportProcess[],
  children: ReadonlyMap<string | null, readonly ReportProcess[]>,
): Generator<ReportProcess> {
  yield* children.get(null) ?? [];
  yield* processes;
}

function childRows(
  parent: ProcessRow,
  children: ReadonlyMap<string | null, readonly ReportProcess[]>,
  placed: Set<string>,
): ProcessRow[] {
  const groups = collapseRepeats(
    (children.get(parent.process.key) ?? []).filter((child) => !placed.has(child.key)),
    children,
  );
  return groups.map((group, index) => {
    for (const repeat of group.slice(1)) placed.add(repeat.key);
    return {
      process: group[0] as ReportProcess,
      depth: parent.depth + 1,
      continues: [...parent.continues.slice(1 - KEPT_LEVELS), index < groups.length - 1],
      repeats: group.length,
    };
  });
}

/** Childless siblings that are alike stand in one row, at the place of the first: a loop's calls alternate. */
function collapseRepeats(
  siblings: readonly ReportProcess[],
  children: ReadonlyMap<string | null, readonly ReportProcess[]>,
): ReportProcess[][] {
  const groups = new Map<string, ReportProcess[]>();
  for (const process of siblings) {
    const key = children.has(process.key) ? `one ${process.key}` : describeAlike(process);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [process]);
    else group.push(process);
  }
  return [...groups.values()];
}

function describeAlike({ commandLine, image, origin, user, exitCode, signal }: ReportProcess): string {
  return JSON.stringify([commandLine, image, origin, user, exitCode, signal]);
}
