/** Lists that were cut for size, with how many entries were left out of each. */
export type Omitted = Record<string, number>;

/** Keeps the head of a list and notes what was left out under its name. */
export function cutList<T>(list: readonly T[], bound: number, name: string, omitted: Omitted): T[] {
  if (list.length > bound) omitted[name] = list.length - bound;
  return list.slice(0, bound);
}
