import type { LintCheck } from "./lint-check.ts";

export const HAS_TRACES: LintCheck = {
  name: "has-traces",
  recommendation:
    "Bring hit-<what>.ndjson and miss-<what>.ndjson: what it must find, and the look-alikes it must let pass.",
  check: ({ hits, misses, files }) => {
    const odd = files.filter((file) => !/^(?:rule\.yml|notes\.md|(?:hit|miss)-[a-z0-9-]+\.ndjson)$/.test(file));
    const traces = [...hits, ...misses];
    return [
      ...(hits.length === 0 ? ["no trace that it must fire on"] : []),
      ...(misses.length === 0 ? ["no near miss that it must let pass"] : []),
      ...traces.filter(({ events }) => events.length === 0).map(({ file }) => `${file} is empty`),
      ...traces.filter(hasDerived).map(({ file }) => `${file} holds derived events, which are never recorded`),
      ...traces.filter(isUnordered).map(({ file }) => `the events of ${file} are not in order of time`),
      ...odd.map((file) => `${file} belongs to no pack`),
    ];
  },
};

type Events = { readonly events: readonly { readonly category: string; readonly time: string }[] };

function hasDerived({ events }: Events): boolean {
  return events.some(({ category }) => category === "derived");
}

function isUnordered({ events }: Events): boolean {
  return events.some(({ time }, index) => BigInt(time) < BigInt(events[index - 1]?.time ?? "0"));
}
