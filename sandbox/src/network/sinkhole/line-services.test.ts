import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshNotes, lineServiceNamed, lineServiceOn } from "./line-services.ts";

const NAMES = ["smtp", "ftp", "pop3", "imap", "telnet", "irc", "redis", "ssh", "vnc", "stratum"];

/** Codes or whole answers to a dialogue. */
function talk(name: string, lines: readonly string[]) {
  const notes = freshNotes();
  const answers = lines.map((line) => lineServiceNamed(name)?.answer(line, notes) ?? "none");
  return { answers, notes };
}

describe("a line service", () => {
  it("takes mail", () => {
    const mail = talk("smtp", ["EHLO a", "MAIL FROM:<a@b>", "DATA", "QUIT is text", "250", ".", "QUIT"]);
    expect(mail.answers.map((answer) => answer.slice(0, 3))).toEqual(["250", "250", "354", "", "", "250", "221"]);
    expect(mail.notes.next).toBe("end");
    const login = talk("smtp", ["AUTH LOGIN", "dXNlcg==", "cGFzcw==", "STARTTLS"]);
    expect(login.answers.map((answer) => answer.slice(0, 3))).toEqual(["334", "334", "235", "220"]);
    expect(login.notes.next).toBe("tls");
  });

  it("welcomes bots", () => {
    const { answers } = talk("irc", ["NICK bot7", "USER x 8 * :x", "PING :abc", "JOIN #cmd"]);
    expect(answers[0]).toBe("");
    expect(answers[1]).toContain(":irc 001 bot7 ");
    expect(answers[2]).toBe(":irc PONG irc :abc\r\n");
    expect(answers[3]).toContain("JOIN #cmd");
  });

  it("speaks both forms of Redis", () => {
    expect(talk("redis", ["PING"]).answers).toEqual(["+PONG\r\n"]);
    const array = talk("redis", ["*3", "$3", "SET", "$1", "x", "$1", "y", "*1", "$4", "PING"]);
    expect(array.answers.filter((answer) => answer !== "")).toEqual(["+OK\r\n", "+PONG\r\n"]);
  });

  it("keeps miners busy", () => {
    const login = JSON.stringify({ id: 7, method: "login", params: {} });
    const [answer = "", ...rest] = talk("stratum", [login, "[", '{"id":1}', '{"method":5}', "null"]).answers;
    expect(JSON.parse(answer)).toMatchObject({ id: 7, result: { status: "OK", job: { algo: "rx/0" } } });
    expect(rest).toEqual(["", "", "", ""]);
    const authorize = talk("stratum", ['{"id":2,"method":"mining.authorize"}']).answers[0] ?? "";
    expect(
      authorize
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as { method?: string }).method),
    ).toEqual([undefined, "mining.set_difficulty", "mining.notify"]);
  });

  it("greets where a server speaks first", () => {
    expect([21, 22, 25, 110, 143, 220, 5900].map((port) => lineServiceOn(port)?.greeting?.slice(0, 4))).toEqual([
      "220 ",
      "SSH-",
      "220 ",
      "+OK ",
      "* OK",
      "* OK",
      "RFB ",
    ]);
    expect(lineServiceOn(4444)).toBeUndefined();
  });

  it("answers anything, shortly", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NAMES),
        fc.array(fc.string({ unit: "binary", maxLength: 2000 }), { maxLength: 8 }),
        (name, lines) => {
          for (const answer of talk(name, lines).answers) expect(answer.length).toBeLessThan(8192);
        },
      ),
      { numRuns: 100 },
    );
  });
});
