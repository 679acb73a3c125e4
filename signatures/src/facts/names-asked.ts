import type { EventOf } from "@airlock/contracts";
import { BoundedMap } from "../bounded-map.ts";
import { type FactDefinition, NO_MEASUREMENTS } from "./fact.ts";
import { Peaks } from "./peaks.ts";

const MAX_ZONES = 4_096;
const MAX_NAMES = 2_048;
/** Labels of people's making are shorter. */
const LONG_LABEL = 24;

interface Zone {
  readonly names: Set<string>;
  readonly first: EventOf<"dns_query">;
  longNames: number;
  labelCharacters: number;
  labels: number;
  entropy: number;
}

export const NAMES_ASKED: FactDefinition = {
  name: "names-asked",
  meaning: "How many different names below one domain were asked for, and what their labels look like.",
  fields: {
    Zone: "The last two labels.",
    Names: "Distinct names.",
    LongNames: "Those with a label of 24 characters or more.",
    MeanLabelLength: "Of the labels below the zone.",
    MeanEntropy: "Bits a character of those labels, joined name by name; random base32 is near 4, words near 3.",
  },
  categories: ["dns_query"],
  open: () => {
    const zones = new BoundedMap<string, Zone>(MAX_ZONES);
    const peaks = new Peaks();
    return {
      forgotten: () => zones.evicted + peaks.forgotten,
      finish: () => peaks.finish(),
      observe: (event) => {
        if (event.category !== "dns_query") return NO_MEASUREMENTS;
        const name = event.fields.QueryName.toLowerCase().replace(/\.$/, "");
        const labels = name.split(".");
        if (labels.length < 3) return NO_MEASUREMENTS;
        const domain = labels.slice(-2).join(".");
        const zone = zones.ensure(domain, () => openZone(event));
        if (zone.names.has(name) || zone.names.size >= MAX_NAMES) return NO_MEASUREMENTS;
        zone.names.add(name);
        addLabels(zone, labels.slice(0, -2));
        return peaks.note(domain, zone.names.size, () => ({
          trigger: event,
          sources: zone.first === event ? [event] : [zone.first, event],
          fields: {
            Zone: domain,
            Names: zone.names.size,
            LongNames: zone.longNames,
            MeanLabelLength: round(zone.labelCharacters / zone.labels),
            MeanEntropy: round(zone.entropy / zone.names.size),
          },
        }));
      },
    };
  },
};

function openZone(first: EventOf<"dns_query">): Zone {
  return { names: new Set(), first, longNames: 0, labelCharacters: 0, labels: 0, entropy: 0 };
}

function addLabels(zone: Zone, labels: readonly string[]): void {
  zone.labels += labels.length;
  zone.labelCharacters += labels.reduce((sum, label) => sum + label.length, 0);
  if (labels.some((label) => label.length >= LONG_LABEL)) zone.longNames++;
  zone.entropy += entropyOf(labels.join(""));
}

/** Shannon's, in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
