import { rm } from "node:fs/promises";
import type { Judgement, Report } from "@airlock/contracts";
import { type RunName, readTrace } from "@airlock/sandbox";
import type { RuleSet } from "@airlock/signatures";
import type { AnalysisRequest } from "./analysis-request.ts";
import type { AnalyzerDeps } from "./analyzer-deps.ts";
import { writeEvents } from "./events-file.ts";
import type { Extraction } from "./extract/extraction.ts";
import { describeArtifacts, keepRun, requireFreeFolder, writeReport } from "./run-artifacts.ts";
import { StageClock } from "./stage-clock.ts";
import { acquire } from "./stages/acquire.ts";
import { arrange } from "./stages/arrange.ts";
import { detonate } from "./stages/detonate.ts";
import { extract } from "./stages/extract.ts";
import { judge } from "./stages/judge.ts";
import { buildReport } from "./stages/report.ts";

/**
 * The path of one image: six stages, in the order of their names. Resolves with the report; a rejection is a failure of
 * ours, and then nothing of the run is left. Whatever the sample does is data in the report.
 */
export async function analyze(request: AnalysisRequest, deps: AnalyzerDeps): Promise<Report> {
  const run = await openRun(request, deps);
  try {
    await detonateImage(run, request, deps);
    const extraction = await run.stages.run("extract", () => extract(run.folder, { readTrace }));
    const ruleSet = await run.rules();
    const judgement = await run.stages.run("judge", () => judge(extraction, run.folder, { ruleSet }));
    return await run.stages.run("report", () => report(run, extraction, judgement, request, deps));
  } finally {
    await rm(run.folder, { recursive: true, force: true });
  }
}

interface AnalysisRun {
  readonly id: string;
  readonly name: RunName;
  readonly folder: string;
  readonly createdAt: Date;
  /** Begins to read them at the first call. */
  readonly rules: () => Promise<RuleSet>;
  readonly stages: StageClock;
}

/** What can be wrong with the request itself shows here, before an image is touched. */
async function openRun(request: AnalysisRequest, deps: AnalyzerDeps): Promise<AnalysisRun> {
  if (request.artifactsFolder !== undefined) await requireFreeFolder(request.artifactsFolder);
  const rules = rulesOf(request, deps);
  // The shipped ones are as they were tested.
  if (request.signatures.length > 0) await rules();
  const name = deps.createRunName();
  return {
    id: deps.createId(),
    name,
    folder: await deps.createRunFolder(name),
    createdAt: deps.today(),
    rules,
    stages: new StageClock(deps.now, request.onProgress),
  };
}

function rulesOf({ signatures }: AnalysisRequest, deps: AnalyzerDeps): () => Promise<RuleSet> {
  let loading: Promise<RuleSet> | undefined;
  return () => {
    loading ??= deps.loadRuleSet(signatures);
    return loading;
  };
}

/** The image is held in the engine for as long as the sandbox needs it and no longer. */
async function detonateImage(run: AnalysisRun, request: AnalysisRequest, deps: AnalyzerDeps): Promise<void> {
  const { signal, source, options } = request;
  const acquired = await run.stages.run("acquire", (tell) =>
    acquire(source, {
      images: deps.images,
      run: run.name,
      signal,
      ...(options.platform === undefined ? {} : { platform: options.platform }),
      onProgress: (bytes, total) => tell({ events: 0, lost: 0, detail: describeBytes(bytes, total) }),
    }),
  );
  try {
    const plan = await run.stages.run("arrange", () => arrange(acquired.image, options));
    await run.stages.run("detonate", (tell) =>
      detonate(plan, acquired.image, {
        sandbox: deps.sandbox,
        runName: run.name,
        runFolder: run.folder,
        signal,
        tell,
        // It takes as long as all the rest of ours, and now there is nothing else to do. Its fault shows when it is needed.
        onRunning: () => void run.rules().catch(() => undefined),
      }),
    );
  } catch (error) {
    // The first fault is the one to tell of: what can't be released after it is a consequence, and the reaper's.
    await acquired.release().catch(() => undefined);
    throw error;
  }
  await acquired.release();
}

async function report(
  run: AnalysisRun,
  extraction: Extraction,
  judgement: Judgement,
  { artifactsFolder }: AnalysisRequest,
  deps: AnalyzerDeps,
): Promise<Report> {
  const keep = artifactsFolder !== undefined;
  if (keep) await writeEvents(run.folder, extraction.events);
  const { engineVersion, sensorBuild } = await deps.sandbox.describe();
  const document = buildReport({
    analysis: {
      id: run.id,
      ruleSet: judgement.ruleSet,
      profile: extraction.recording.plan.profile,
      sensorBuild,
      engineVersion,
      createdAt: run.createdAt.toISOString(),
      timings: run.stages.timings,
    },
    extraction,
    judgement,
    artifacts: keep ? await describeArtifacts(run.folder) : [],
  });
  if (keep) {
    await writeReport(run.folder, document);
    await keepRun(run.folder, artifactsFolder);
  }
  return document;
}

function describeBytes(bytes: number, total: number): string {
  const megabytes = (value: number) => `${(value / 1e6).toFixed(1)} MB`;
  return total > 0 ? `${megabytes(bytes)} of ${megabytes(total)}` : megabytes(bytes);
}
