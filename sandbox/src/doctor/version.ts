/** True when `version` comes before `bound`, by their leading numbers; distributions' suffixes don't count. */
export function isOlder(version: string, bound: string): boolean {
  const [ours, theirs] = [readNumbers(version), readNumbers(bound)];
  for (let index = 0; index < Math.max(ours.length, theirs.length); index += 1) {
    const difference = (ours[index] ?? 0) - (theirs[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function readNumbers(version: string): number[] {
  return (/\d+(\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
}
