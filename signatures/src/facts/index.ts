import type { BehaviourEvent, EventCategory, EventOf } from "@airlock/contracts";
import type { World } from "../world.ts";
import { CONNECTIONS_REPEATED } from "./connections-repeated.ts";
import { DOWNLOADED_THEN_EXECUTED } from "./downloaded-then-executed.ts";
import { EXECUTED_FILE_DELETED } from "./executed-file-deleted.ts";
import type { FactDefinition, FactObserver, Measurement } from "./fact.ts";
import { FILE_DROPPED_THEN_EXECUTED } from "./file-dropped-then-executed.ts";
import { FILES_REWRITTEN } from "./files-rewritten.ts";
import { HOST_QUESTIONS } from "./host-questions.ts";
import { LOGIN_KEY_ADDED } from "./login-key-added.ts";
import { NAMES_ASKED } from "./names-asked.ts";
import { PIPE_FROM_NETWORK } from "./pipe-from-network.ts";
import { SERVER_SPAWNED_PROCESS } from "./server-spawned-process.ts";
import { HOSTS_TOUCHED, PORTS_TOUCHED } from "./touched.ts";
import { WRITTEN_FILE_PRELOADED } from "./written-file-preloaded.ts";

/** The closed list of facts. Rules of `category: derived` name one of them in the field `Fact`. */
export const FACTS: readonly FactDefinition[] = [
  FILE_DROPPED_THEN_EXECUTED,
  DOWNLOADED_THEN_EXECUTED,
  EXECUTED_FILE_DELETED,
  PIPE_FROM_NETWORK,
  WRITTEN_FILE_PRELOADED,
  SERVER_SPAWNED_PROCESS,
  PORTS_TOUCHED,
  HOSTS_TOUCHED,
  CONNECTIONS_REPEATED,
  NAMES_ASKED,
  FILES_REWRITTEN,
  HOST_QUESTIONS,
  LOGIN_KEY_ADDED,
];

/** A derived event with the events it was taken from, which are its evidence. */
export interface DerivedEvent {
  readonly event: EventOf<"derived">;
  readonly sources: readonly BehaviourEvent[];
}

export interface Facts {
  readonly observe: (event: BehaviourEvent, world: World) => readonly DerivedEvent[];
  readonly finish: () => readonly DerivedEvent[];
  readonly forgotten: () => number;
}

const NOTHING: readonly DerivedEvent[] = [];

/** Starts measuring one run. Derived events are numbered `d1`, `d2`, ... in the order they arise. */
export function openFacts(definitions: readonly FactDefinition[] = FACTS): Facts {
  const observers: { name: string; observer: FactObserver }[] = [];
  const byCategory = new Map<EventCategory, { name: string; observer: FactObserver }[]>();
  for (const { name, categories, open } of definitions) {
    const entry = { name, observer: open() };
    observers.push(entry);
    for (const category of categories) byCategory.set(category, [...(byCategory.get(category) ?? []), entry]);
  }
  let count = 0;
  const derive = (name: string, measurements: readonly Measurement[]): DerivedEvent[] =>
    measurements.map((measurement) => makeDerived(name, measurement, `d${++count}`));
  return {
    observe: (event, world) => {
      const interested = byCategory.get(event.category);
      if (interested === undefined) return NOTHING;
      let derived = NOTHING;
      for (const { name, observer } of interested) {
        const measurements = observer.observe(event, world);
        if (measurements.length > 0) derived = [...derived, ...derive(name, measurements)];
      }
      return derived;
    },
    finish: () => observers.flatMap(({ name, observer }) => derive(name, observer.finish?.() ?? [])),
    forgotten: () => observers.reduce((sum, { observer }) => sum + (observer.forgotten?.() ?? 0), 0),
  };
}

function makeDerived(name: string, { trigger, sources, fields }: Measurement, id: string): DerivedEvent {
  const actor: EventOf<"derived">["fields"] = { Fact: name, Sources: sources.map((source) => source.id) };
  if ("Image" in trigger.fields) {
    const { Image, ImageOrigin, ProcessId, User } = trigger.fields;
    Object.assign(actor, defined({ Image, ImageOrigin, ProcessId, User }));
  }
  const event: EventOf<"derived"> = {
    id,
    time: trigger.time,
    category: "derived",
    process: trigger.process,
    fields: { ...actor, ...defined(fields) },
  };
  return { event, sources };
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
