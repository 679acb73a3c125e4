import type { TraceRecord } from "@airlock/contracts";

/**
 * Records come from several rings and CPUs, each in order, all of them only nearly so. Sorts within a window of `size` records,
 * which is all the disorder that batched rings can make; equal times keep the order of arrival.
 */
export async function* inTimeOrder(
  batches: AsyncIterable<readonly TraceRecord[]>,
  size: number,
): AsyncGenerator<readonly TraceRecord[]> {
  let held: TraceRecord[] = [];
  for await (const batch of batches) {
    for (const record of batch) held.push(record);
    if (held.length < 2 * size) continue;
    held.sort(byTime);
    yield held.slice(0, held.length - size);
    held = held.slice(held.length - size);
  }
  held.sort(byTime);
  if (held.length > 0) yield held;
}

function byTime(a: TraceRecord, b: TraceRecord): number {
  if (a.time === b.time) return 0;
  return a.time < b.time ? -1 : 1;
}
