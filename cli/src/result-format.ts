import type { Report } from "@airlock/contracts";
import { Fault } from "@airlock/contracts/fault";

export const RESULT_FORMATS = ["table", "json", "sarif", "junit", "markdown", "html"] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export interface ResultStyle {
  readonly width: number;
  readonly colour: boolean;
}

/** Throws USAGE for a name that is none of ours. */
export function parseResultFormat(text: string, allowed: readonly ResultFormat[] = RESULT_FORMATS): ResultFormat {
  const format = allowed.find((name) => name === text);
  if (format === undefined) {
    throw new Fault("USAGE", `unknown format "${text}"`, { hint: `one of ${allowed.join(", ")}` });
  }
  return format;
}

/** The report as text. The formats are loaded here and not at the top, so that `--help` needn't wait for them. */
export async function formatReport(report: Report, format: ResultFormat, style: ResultStyle): Promise<string> {
  const formats = await import("@airlock/formats");
  switch (format) {
    case "table":
      return formats.renderTable(report, style);
    case "json":
      return formats.renderJson(report);
    case "sarif":
      return formats.renderSarif(report);
    case "junit":
      return formats.renderJunit(report);
    case "markdown":
      return formats.renderMarkdown(report);
    case "html":
      return formats.renderHtml(report);
    default:
      return format satisfies never;
  }
}
