import { expect, it } from "vitest";
import { deriveAll } from "../testing/derive.ts";
import { eventMaker } from "../testing/make-event.ts";

function starts(commands: readonly string[], { parent = 1, every = 1 } = {}) {
  const make = eventMaker();
  return commands.map((CommandLine, index) =>
    make(
      "process_creation",
      { Image: "/bin/busybox", CommandLine, ParentImage: "/bin/sh", ParentProcessId: parent },
      { process: `${index + 2}:${index + 2}`, at: index * every },
    ),
  );
}

const questionsOf = (events: ReturnType<typeof starts>) =>
  deriveAll("host-questions", events).map(({ Questions, Asked }) => [Questions, Asked]);

it("counts questions, not programs, however they are called", () => {
  expect(questionsOf(starts(["/bin/id", "whoami", "busybox uname -a", "ls /", "ps"]))).toEqual([
    [1, ["account"]],
    [2, ["account", "system"]],
    [3, ["account", "system", "processes"]],
  ]);
});

it("forgets what was asked more than twenty seconds ago", () => {
  expect(questionsOf(starts(["id", "uname", "ps", "df"], { every: 15 })).at(-1)).toEqual([2, ["account", "system"]]);
});

it("keeps apart what different processes ask", () => {
  const events = [...starts(["id", "uname"]), ...starts(["ps"], { parent: 9 })];
  expect(questionsOf(events).map(([count]) => count)).toEqual([1, 2, 1]);
});
