import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { maliciousReport } from "../report.fixture.ts";
import { renderHtml } from "./page.ts";

describe("renderHtml", () => {
  const page = renderHtml(maliciousReport());

  it("needs nothing from anywhere: no script, link, picture or request", () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|a)\b|url\(|@import|style="/i);
  });

  it("forbids by its own policy everything but its one style sheet", () => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(`default-src 'none'; style-src 'sha256-${hash}'`);
  });

  it("escapes what the sample wrote and shows it", () => {
    expect(page).toContain("&#60;b&#62;");
    expect(page).toContain("mining.subscribe");
    expect(page).toContain("✖ incomplete");
    expect(page).toContain(String.raw`\x1b[2J`);
  });
});
