import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { benignReport, maliciousReport, process, unknownReport } from "../report.fixture.ts";
import { renderTable } from "./table.ts";

const plain = (report = maliciousReport(), width = 80) => renderTable(report, { width, colour: false });
/** A table's boxes removed and its line breaks undone, to look for sentences. */
const flowing = (text: string) => text.replaceAll(/[│╭╮╰╯─]/g, " ").replaceAll(/\s+/g, " ");

describe("renderTable", () => {
  it.each([60, 80, 120, 160])("keeps every line within %i columns", (width) => {
    for (const report of [benignReport(), maliciousReport(), unknownReport()]) {
      const tooWide = plain(report, width)
        .split("\n")
        .filter((line) => stringWidth(line) > width);
      expect(tooWide).toEqual([]);
    }
  });

  it("says the verdict, the digest and why before anything else", () => {
    const head = flowing(plain().split("Coverage")[0] ?? "");
    expect(head).toContain("✖ MALICIOUS");
    expect(head).toContain("score 99.6 of 100");
    expect(head).toContain(`sha256:${"ab12".repeat(16)}`);
    expect(head).toContain("1 critical, 1 high, 1 medium and 1 low findings: “Mining protocol spoken to a pool”");
  });

  it("makes holes in the record visible", () => {
    const text = flowing(plain());
    expect(text).toContain("Coverage ✖ incomplete");
    expect(text).toContain("✖\u00a0capture died: tcpdump ended with status 1".replaceAll("\u00a0", " "));
    expect(text).toContain(
      "912,345 counted = 900,001 delivered + 12,300 repeats suppressed + 44 dropped (lost: bulk 44)",
    );
    expect(text).toContain("memory (1.0 GiB, changed the sample) one process was killed");
    expect(text).toContain("events-dropped 44 events were lost");
    expect(text).toContain("frozen 120 ms");
  });

  it("makes absence visible", () => {
    const text = flowing(plain(unknownReport()));
    expect(text).toContain("not exercised: /bin/httpd");
    expect(text).toContain("Not seen child processes, listening sockets, DNS queries");
    expect(text).toContain("Harmlessness can't be proved: never-started");
    expect(text).not.toContain("✔ complete");
  });

  it("lists findings worst first, with evidence and the number of what is left out", () => {
    const text = plain();
    const order = ["CRITICAL", "HIGH", "MEDIUM", "LOW"].map((level) => text.indexOf(` ${level}  `));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
    expect(text).toMatch(/e812 {2}tcp to pool\.minexmr\.test:3333/);
    expect(text).toContain("… and 1 more like these");
    expect(text).not.toContain("five is one too many");
  });

  it("marks programs that did not come with the image, and collapses repeats", () => {
    const text = plain();
    expect(text).toContain("├─ ▲ new file /tmp/.cache/stage2.sh");
    expect(text).toContain("└─ ▲ memory only [kworker/0:1]");
    expect(text).toContain("sleep 1 ×3");
    expect(text).toContain("… 1,200 more processes not shown");
  });

  it("shows traffic, files with whole hashes, and output", () => {
    const text = plain();
    expect(text).toMatch(/pool\.minexmr\.test +AAAA +no answer +×3 +nc 20/);
    expect(text).toContain("▲ not declared");
    expect(text).toContain(`sha256:${"deadbeef".repeat(8)}`);
    expect(text).toContain("created,written  /etc/crontabs/root");
    expect(text).toContain("the rest was not kept");
    expect(text).not.toContain("/etc/shadow");
  });

  it("survives a chain of processes deeper than any call stack, within the width", () => {
    const report = benignReport();
    report.processes = Array.from({ length: 20_000 }, (_, index) =>
      process({ key: `k${index}`, parent: index === 0 ? null : `k${index - 1}`, startedAtMs: index }),
    );
    const lines = plain(report).split("\n");
    expect(lines.some((line) => line.includes("19,940 more processes"))).toBe(true);
    expect(lines.every((line) => stringWidth(line) <= 80)).toBe(true);
  });

  it("shows a ring of parents instead of losing it", () => {
    const report = benignReport();
    report.processes = [
      process({ key: "a", parent: "b", commandLine: "ring-a" }),
      process({ key: "b", parent: "a", commandLine: "ring-b" }),
    ];
    expect(plain(report)).toContain("ring-a");
    expect(plain(report)).toContain("ring-b");
  });

  it("uses colour only when allowed, and never colour alone", () => {
    const coloured = renderTable(maliciousReport(), { width: 80, colour: true });
    expect(coloured).toContain("\u001b[");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: removing our own colour sequences
    expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(plain());
  });
});
