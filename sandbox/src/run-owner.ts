import { createRunFolder } from "./run-folder.ts";
import { createRunName } from "./run-name.ts";
import { planTrial, TestRange } from "./test-range.ts";

/**
 * For tests: a process that owns a running sample, for being killed. It prints the run's name once the sample runs. Its image
 * stays behind as well, under the run's own tag, as one does that was brought in for the run.
 */
const run = createRunName();
const range = await TestRange.open();
const { images } = range.sandbox;
const image = await range.build([], { Volumes: { "/data": {} } });
await images.hold(image.configDigest, run);
await images.remove(image.reference);
const runFolder = await createRunFolder(run);
let told = false;

await range.sandbox.detonate(planTrial("sleep 600 & sleep 600", image, { plan: { durationMs: 600_000 } }), image, {
  runName: run,
  runFolder,
  signal: new AbortController().signal,
  onProgress: ({ phase }) => {
    if (phase === "running" && !told) console.log(run);
    told ||= phase === "running";
  },
});
