import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { FACTS } from "./index.ts";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

it.each(FACTS.map((fact) => [fact.name, fact] as const))("%s is documented", (name, fact) => {
  expect(name).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
  expect(readme.includes(`\n| \`${name}\` `)).toBe(true);
  expect(fact.meaning).toMatch(/\.$/);
  for (const [field, meaning] of Object.entries(fact.fields)) {
    expect(field).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(meaning).not.toBe("");
  }
});

it("no two facts share a name", () => {
  expect(new Set(FACTS.map(({ name }) => name)).size).toBe(FACTS.length);
});
