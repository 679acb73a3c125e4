import type { AnalysisProgress, Stage } from "@airlock/analyzer";
import { describe, expect, it } from "vitest";
import { openProgress } from "./progress.ts";
import { recordTerminal } from "./recorded-terminal.fixture.ts";

const at = (stage: Stage, elapsedMs = 0): AnalysisProgress => ({ stage, elapsedMs, events: 12, lost: 3 });
const options = { quiet: false, progress: true, windowMs: 30_000 };

describe("openProgress", () => {
  it.each([
    ["in a pipe", {}, false],
    ["in CI", { CI: "true" }, true],
    ["with NO_COLOR", { NO_COLOR: "1" }, true],
    ["on a dumb terminal", { TERM: "dumb" }, true],
  ])("writes plain lines %s: one a stage, and some while the sample runs", (_, env, tty) => {
    const terminal = recordTerminal(env, tty);
    const display = openProgress(terminal, options);
    for (const progress of [
      at("acquire"),
      at("acquire", 100),
      at("detonate"),
      at("detonate", 4900),
      at("detonate", 5100),
    ]) {
      display.update(progress);
    }
    display.close();
    expect(terminal.written.stderr).toBe(
      "airlock: acquire: getting the image\nairlock: detonate: running the image for up to 30 s\nairlock: detonate: 5.1 s  12 events  3 lost\n",
    );
  });

  it("rewrites one line on a terminal and gives the cursor back", () => {
    const terminal = recordTerminal({ TERM: "xterm" }, true);
    const display = openProgress(terminal, options);
    display.update(at("detonate", 15_000));
    display.say("interrupted");
    display.close();
    display.close();
    const text = terminal.written.stderr;
    expect(text).toMatch(/detonate ████████████░{12} 15\.0 s {2}12 events {2}3 lost/);
    expect(text).toContain("airlock: interrupted\n");
    expect(text.endsWith("\r\u001b[2K\u001b[?25h")).toBe(true);
    expect(text.split("\u001b[?25h")).toHaveLength(2);
    for (const drawn of text.split("\r\u001b[2K")) expect(drawn.split("\n")[0]?.length).toBeLessThan(80);
  });

  it("says nothing when quiet, and only what matters without progress", () => {
    for (const [quiet, expected] of [
      [true, ""],
      [false, "airlock: interrupted\n"],
    ] as const) {
      const terminal = recordTerminal({}, true);
      const display = openProgress(terminal, { ...options, quiet, progress: false });
      display.update(at("detonate"));
      display.say("interrupted");
      display.close();
      expect(terminal.written.stderr).toBe(expected);
    }
  });

  it("makes the detail harmless", () => {
    const terminal = recordTerminal();
    openProgress(terminal, options).say("\u001b[2J");
    expect(terminal.written.stderr).toBe("airlock: \\x1b[2J\n");
  });
});
