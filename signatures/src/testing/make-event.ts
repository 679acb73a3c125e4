import { BehaviourEvent, type EventCategory, type EventOf } from "@airlock/contracts";

const START = 1_764_000_000n;

export interface EventPlace {
  /** Seconds since the start of the run. */
  readonly at?: number;
  readonly process?: string | null;
}

/** Builds valid events, numbered in the order they are asked for. */
export function eventMaker() {
  let count = 0;
  return <C extends EventCategory>(category: C, fields: EventOf<C>["fields"], place: EventPlace = {}): EventOf<C> => {
    count++;
    const { at = count, process = "100:1" } = place;
    const time = START * 1_000_000_000n + BigInt(Math.round(at * 1e9));
    return BehaviourEvent.parse({ id: `e${count}`, time: String(time), category, process, fields }) as EventOf<C>;
  };
}
