import type { CorrelationTerms } from "./correlation-rule.ts";
import { CountWindow, DistinctWindow } from "./count-windows.ts";
import { PercentileWindow, SumWindow } from "./measure-windows.ts";
import type { Window } from "./occurrence.ts";
import { OrderedWindow, TemporalWindow } from "./temporal-windows.ts";

/** An empty window of the kind that the correlation needs. */
export function openWindow(terms: CorrelationTerms): Window {
  const { type, bounds, rules, percentile } = terms;
  switch (type) {
    case "event_count":
      return new CountWindow(bounds.least);
    case "value_count":
      return new DistinctWindow(bounds.least);
    case "value_sum":
    case "value_avg":
      return new SumWindow(type === "value_avg");
    case "value_percentile":
      return new PercentileWindow(percentile);
    case "temporal":
      return new TemporalWindow();
    case "temporal_ordered":
      return new OrderedWindow(rules.length);
    default:
      return type satisfies never;
  }
}
