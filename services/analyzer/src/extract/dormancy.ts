import { createHash } from "node:crypto";
import type { BehaviourEvent, Recording, Survivor } from "@airlock/contracts";
import type { SampleProcess } from "./process-table.ts";

/** What a run did, so that work can be told from waiting. */
export interface Behaviour {
  readonly events: readonly BehaviourEvent[];
  readonly processes: readonly SampleProcess[];
}

/**
 * Says why the sample may have waited us out (ATT&CK T1497.003); empty when it can't have. Sleeping has an excuse: a process
 * that attends to a socket waits for others, as an idle server does, and then whoever waits for it, too. Running has one as
 * well: something new that it did in the second half of the window. A program that ended has shown all it had.
 */
export function findDormancy(recording: Recording, behaviour: Behaviour): string[] {
  const { outcome, survivors, stopSurvivors = [], survivorsUnexamined = 0 } = recording;
  const details: string[] = [];
  if (survivorsUnexamined > 0) details.push(`${survivorsUnexamined} survivors could not be examined`);
  else if (outcome.kind === "timed-out" && survivors.length === 0) details.push("survivors could not be examined");

  const running = survivors.filter(isRunning);
  const busy = running.length === 0 ? new Set() : findBusyPids(recording, behaviour);
  const stalling = running.filter(({ samplePid }) => !busy.has(samplePid));
  if (stalling.length > 0) {
    details.push(`${name(stalling)} kept running and showed nothing new in the second half of the window`);
  }
  if (running.length === stalling.length) details.push(...describeSleep(survivors, "at the end"));
  details.push(...describeSleep(stopSurvivors, "after the stop signal"));
  const slow = stopSurvivors.filter(isRunning);
  if (slow.length > 0) details.push(`${name(slow)} still ran when the grace after the stop signal was over`);

  const longest = Math.max(recording.plan.durationMs, SHORT_SLEEP_MS);
  const sidecars = [...survivors, ...stopSurvivors].filter(
    (one) => one.attends !== true && (one.sleepMs ?? 0) > longest,
  );
  if (sidecars.length > 0 && details.length === 0) {
    details.push(`${name(sidecars)} sleeps for longer than the window, beside processes that do not`);
  }
  return details;
}

/** What daemons that look for work ask for: cron sleeps until the next minute. Shorter sleeps are no sign of anything. */
const SHORT_SLEEP_MS = 60_000;

function isRunning(survivor: Survivor): boolean {
  return !survivor.waitsOnTimerOnly && survivor.attends !== true;
}

/** One server excuses all who sleep: its parent, its helpers, its log's reader. */
function describeSleep(survivors: readonly Survivor[], when: string): string[] {
  const sleepers = survivors.filter((one) => one.waitsOnTimerOnly);
  if (sleepers.length === 0 || survivors.some((one) => one.attends === true)) return [];
  return [`${sleepers.length} processes only waited ${when}, ${name(sleepers)} in ${sleepers[0]?.waitingIn}`];
}

function name(survivors: readonly Survivor[]): string {
  const rest = survivors.length > 1 ? ` and ${survivors.length - 1} more` : "";
  return `${survivors[0]?.comm ?? ""}${rest}`;
}

/**
 * The processes, as the sample numbers them, that did something in the second half which the run had not shown in the first,
 * themselves or through one that they started. A loop that asks for the time again and again does a lot, and nothing new.
 */
function findBusyPids(recording: Recording, { events, processes }: Behaviour): Set<number> {
  const start = Date.parse(recording.startedAt);
  const middle = toNs(start + recording.windowMs / 2);
  const end = toNs(start + recording.windowMs);
  const known = new Set<number>();
  const busy = new Set<string>();
  for (const event of events) {
    const time = BigInt(event.time);
    if (time < middle) known.add(hashDeed(event));
    else if (time <= end && event.process !== null && !known.has(hashDeed(event))) busy.add(event.process);
  }
  // Children stand behind their parents.
  for (const { key, parent } of processes.toReversed()) {
    if (busy.has(key) && parent !== null) busy.add(parent);
  }
  return new Set(processes.filter(({ key }) => busy.has(key)).map(({ pid }) => pid));
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

/**
 * The same for two events that differ only in numbers: process ids, own ports, sizes, times. A few bytes of a hash, since there
 * can be millions; two deeds that share them look like one, which excuses nobody.
 */
function hashDeed({ category, fields }: BehaviourEvent): number {
  const told = Object.entries(fields).filter(([key, value]) => typeof value !== "number" || key === "DestinationPort");
  const text = JSON.stringify([category, told]);
  return createHash("sha1").update(text).digest().readUIntBE(0, 6);
}
