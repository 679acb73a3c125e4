import type { BehaviourEvent, EventOf } from "@airlock/contracts";
import { openFacts } from "../facts/index.ts";
import { World } from "../world.ts";

/** Fields of every measurement of one fact over a run, in order. */
export function deriveAll(fact: string, events: readonly BehaviourEvent[]): EventOf<"derived">["fields"][] {
  const world = new World();
  const facts = openFacts();
  const derived = events.flatMap((event) => {
    world.observe(event);
    return facts.observe(event, world);
  });
  return [...derived, ...facts.finish()].map(({ event }) => event.fields).filter((fields) => fields.Fact === fact);
}
