import { printable } from "@airlock/contracts";

/** Markup that is safe to put into a page. Only this file can make it, so nothing gets there unescaped (I5). */
export interface Markup {
  readonly markup: string;
}

/** For constants of ours that are markup or style already; never for anything that came from outside. */
export function trust(constant: string): Markup {
  return { markup: constant };
}

type Part = string | number | Markup | readonly Markup[];

/** Escapes every value that is not markup itself, for content and for quoted attributes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const markup = strings.reduce((text, literal, index) => text + toMarkup(parts[index - 1] ?? "") + literal);
  return { markup };
}

function toMarkup(part: Part): string {
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  if (isList(part)) return part.map((item) => item.markup).join("");
  return part.markup;
}

function isList(part: Markup | readonly Markup[]): part is readonly Markup[] {
  return Array.isArray(part);
}

function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"'`=]/g, (character) => `&#${character.charCodeAt(0)};`);
}
