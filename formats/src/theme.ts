import picocolors from "picocolors";

/** What a piece of text means; how that looks is the theme's affair alone. */
export type StyleName =
  | "heading"
  | "strong"
  | "muted"
  | "code"
  | "good"
  | "warn"
  | "bad"
  | "malicious"
  | "suspicious"
  | "benign"
  | "unknown";

export type Theme = Readonly<Record<StyleName, (text: string) => string>>;

/** With `colour` false every style is the identity, so that not one escape byte is written. */
export function createTheme(colour: boolean): Theme {
  const c = picocolors.createColors(colour);
  return {
    heading: (text) => c.bold(c.cyan(text)),
    strong: c.bold,
    muted: c.dim,
    code: c.cyan,
    good: c.green,
    warn: c.yellow,
    bad: c.red,
    malicious: (text) => c.bold(c.red(text)),
    suspicious: (text) => c.bold(c.yellow(text)),
    benign: (text) => c.bold(c.green(text)),
    unknown: (text) => c.bold(c.magenta(text)),
  };
}
