import type { BehaviourEvent, EventCategory } from "@airlock/contracts";
import type { World } from "../world.ts";

export type FactValue = string | number | boolean | readonly string[] | undefined;

/** A number or name taken from several events. Judges nothing: bounds for it stand in rules. */
export interface Measurement {
  /** The event that completed it; gives time, process and actor. */
  readonly trigger: BehaviourEvent;
  /** Everything it was taken from, in order, bounded; shown as evidence. */
  readonly sources: readonly BehaviourEvent[];
  readonly fields: Readonly<Record<string, FactValue>>;
}

export interface FactObserver {
  /** Called after the world has taken the event in. */
  readonly observe: (event: BehaviourEvent, world: World) => readonly Measurement[];
  /** What is known only at the end. */
  readonly finish?: () => readonly Measurement[];
  /** State forgotten for lack of room. */
  readonly forgotten?: () => number;
}

/** One entry of the closed list of facts. */
export interface FactDefinition {
  /** Value of the field `Fact`. */
  readonly name: string;
  readonly meaning: string;
  /** Fields and what they mean, beside those of the acting process. */
  readonly fields: Readonly<Record<string, string>>;
  /** Events that the observer wants to see. */
  readonly categories: readonly EventCategory[];
  readonly open: () => FactObserver;
}

export const NO_MEASUREMENTS: readonly Measurement[] = [];
