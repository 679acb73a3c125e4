import { describe, expect, it } from "vitest";
import { renderMarkdown } from "./markdown.ts";
import { benignReport, maliciousReport } from "./report.fixture.ts";

describe("renderMarkdown", () => {
  it("says verdict, coverage and findings with their evidence", () => {
    const text = renderMarkdown(maliciousReport());
    expect(text).toContain("## ✖ Airlock: malicious, score 99.6 of 100");
    expect(text).toContain("### Coverage: ✖ incomplete");
    expect(text).toContain("`e812`");
    expect(text).toContain("`T1496.001`");
    expect(renderMarkdown(benignReport())).toContain("### Findings: none");
  });

  it("fences code so that backticks inside can't end it", () => {
    const report = maliciousReport();
    report.image.reference = "a``b` ![x](http://evil.test/y) @team";
    expect(renderMarkdown(report)).toContain("```a``b` ![x](http://evil.test/y) @team```");
  });

  it("makes no link, mention, picture or tag of a title", () => {
    const report = maliciousReport();
    for (const finding of report.findings)
      finding.signature.title = "@team ![i](http://evil.test) <b> www.evil.test #1";
    const prose = renderMarkdown(report).replaceAll(/(`+)[^`].*?\1/g, "");
    expect(prose).not.toMatch(/@|!\[|http:\/\/|www\.|<b>/);
    expect(prose).not.toMatch(/(?<!&)#1/);
  });

  it("stays below what a comment may hold, and says that it was cut", () => {
    const report = maliciousReport();
    report.findings = Array.from({ length: 1000 }, (_, index) => {
      const first = structuredClone(report.findings[0] ?? expect.fail("fixture has no finding"));
      first.signature.id = `signature-${index}`;
      return first;
    });
    const text = renderMarkdown(report);
    expect(text.length).toBeLessThan(64 * 1024);
    expect(text).toContain("too long for here");
  });
});
