import type { Report } from "@airlock/contracts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderHtml, renderJson, renderJunit, renderMarkdown, renderSarif, renderTable } from "./index.ts";
import { maliciousReport } from "./report.fixture.ts";

/** Everything a terminal, a page or an editor might act on; newline is the one control character that we write ourselves. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Text as a sample would write it: controls, escape sequences, bidi, markup, and code units that are no characters. */
const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(
      fc.constantFrom(
        "\u001b[2J",
        "\u009b31m",
        "\u001b]0;x\u0007",
        "\u202e",
        "\r\n",
        "</code>",
        "<script>",
        "]]>",
        "`",
        "|",
        "&",
        "\ud800",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

describe("no byte of a sample acts on what shows it", () => {
  it("in a table without colour", () => {
    expectSafe((report) => renderTable(report, { width: 80, colour: false }));
  });

  it("in a table with colour, where only our own colour sequences are left", () => {
    expectSafe((report) =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: our own sequences, all of this form
      renderTable(report, { width: 100, colour: true }).replaceAll(/\u001b\[\d{1,2}m/g, ""),
    );
  });

  it.each([
    ["JSON", renderJson],
    ["SARIF", renderSarif],
    ["JUnit", renderJunit],
    ["Markdown", renderMarkdown],
    ["HTML", renderHtml],
  ])("in %s", (_, render) => {
    expectSafe(render);
  });

  it("as markup of a page", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const page = renderHtml(poison(maliciousReport(), text));
        // Attributes that our own markup has; a sample's would be found outside of them.
        expect(page).not.toMatch(/<script|<img|<a |<iframe|\son\w+=/i);
        expect(page.split("<body>")).toHaveLength(2);
        expect(page.match(/<\/code>/g)?.length).toBe(page.match(/<code/g)?.length);
      }),
      { numRuns: 40 },
    );
  });
});

function expectSafe(render: (report: Report) => string): void {
  fc.assert(
    fc.property(hostileText, (text) => {
      expect(UNSAFE.exec(render(poison(maliciousReport(), text)))).toBeNull();
    }),
    { numRuns: 40 },
  );
}

/** Puts the text at the end of every free string of the document; enumerations, digests and hashes keep their form. */
function poison(report: Report, text: string): Report {
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return CLOSED.has(key) ? value : value + text;
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
  };
  return walk(report, "") as Report;
}

const CLOSED = new Set([
  ..."schemaVersion digest configDigest manifestDigest platform digestKind kind level code change operations".split(
    " ",
  ),
  ..."name limit key parent startedAt endedAt createdAt protocol".split(" "),
]);
