import { answerStratum } from "./stratum.ts";

/** Protocols spoken in lines: just enough of each that a client goes on and shows what it wants. */
export interface LineService {
  readonly name: string;
  /** What the server says first, when it does. */
  readonly greeting?: string;
  /** The whole answer to a line (without its end), `""` for none. A fresh object of notes for each connection is kept between lines. */
  answer(line: string, notes: Notes): string;
}

export interface Notes {
  state: string;
  nick: string;
  /** Set to end the connection after the answer, or to expect a TLS handshake after it. */
  next: "more" | "end" | "tls";
}

export function freshNotes(): Notes {
  return { state: "", nick: "*", next: "more" };
}

const SMTP: LineService = {
  name: "smtp",
  greeting: "220 mail ESMTP ready\r\n",
  answer(line, notes) {
    if (notes.state === "data") {
      if (line !== ".") return "";
      notes.state = "";
      return "250 2.0.0 Ok: queued\r\n";
    }
    if (notes.state === "user") {
      notes.state = "password";
      return "334 UGFzc3dvcmQ6\r\n";
    }
    if (notes.state === "password" || /^AUTH PLAIN/i.test(line)) {
      notes.state = "";
      return "235 2.7.0 Authentication successful\r\n";
    }
    switch (verb(line)) {
      case "EHLO":
        return "250-mail\r\n250-AUTH PLAIN LOGIN\r\n250-STARTTLS\r\n250 8BITMIME\r\n";
      case "AUTH":
        notes.state = "user";
        return "334 VXNlcm5hbWU6\r\n";
      case "DATA":
        notes.state = "data";
        return "354 End data with <CR><LF>.<CR><LF>\r\n";
      case "STARTTLS":
        notes.next = "tls";
        return "220 2.0.0 Ready to start TLS\r\n";
      case "QUIT":
        notes.next = "end";
        return "221 2.0.0 Bye\r\n";
      default:
        return "250 2.0.0 Ok\r\n";
    }
  },
};

const FTP_ANSWERS: Readonly<Record<string, string>> = {
  USER: "331 Please specify the password.",
  PASS: "230 Login successful.",
  SYST: "215 UNIX Type: L8",
  PWD: '257 "/" is the current directory',
  FEAT: "211 End",
  PASV: "425 Can't open data connection.",
  EPSV: "425 Can't open data connection.",
  PORT: "425 Can't open data connection.",
  QUIT: "221 Goodbye.",
};

const FTP: LineService = {
  name: "ftp",
  greeting: "220 FTP server ready\r\n",
  answer(line, notes) {
    const command = verb(line);
    if (command === "AUTH") {
      notes.next = "tls";
      return "234 Proceed with negotiation.\r\n";
    }
    if (command === "QUIT") notes.next = "end";
    return `${FTP_ANSWERS[command] ?? "200 Ok"}\r\n`;
  },
};

const POP3: LineService = {
  name: "pop3",
  greeting: "+OK POP3 ready\r\n",
  answer(line, notes) {
    const command = verb(line);
    if (command === "STLS") notes.next = "tls";
    if (command === "QUIT") notes.next = "end";
    if (command === "STAT") return "+OK 0 0\r\n";
    return ["LIST", "UIDL", "CAPA"].includes(command) && !line.includes(" ") ? "+OK\r\n.\r\n" : "+OK\r\n";
  },
};

const IMAP: LineService = {
  name: "imap",
  greeting: "* OK [CAPABILITY IMAP4rev1 STARTTLS] IMAP4rev1 ready\r\n",
  answer(line, notes) {
    const [tag = "*", command = ""] = line.slice(0, 200).split(" ");
    const upper = command.toUpperCase();
    if (upper === "STARTTLS") notes.next = "tls";
    if (upper === "LOGOUT") notes.next = "end";
    const before = upper === "CAPABILITY" ? "* CAPABILITY IMAP4rev1 STARTTLS\r\n" : "";
    return `${before}${tag.replace(/[^\w.]/g, "")} OK ${upper.replace(/\W/g, "")} completed\r\n`;
  },
};

const TELNET: LineService = {
  name: "telnet",
  greeting: "login: ",
  answer(_line, notes) {
    const prompts: Record<string, [string, string]> = { "": ["password", "Password: "], password: ["shell", "\r\n$ "] };
    const [state, prompt] = prompts[notes.state] ?? ["shell", "$ "];
    notes.state = state;
    return prompt;
  },
};

const IRC: LineService = {
  name: "irc",
  answer(line, notes) {
    const [, rest = ""] = /^\S+ +(.*)$/.exec(line.slice(0, 512)) ?? [];
    const word = rest.split(" ")[0] ?? "";
    switch (verb(line)) {
      case "NICK":
        notes.nick = word.replace(/[^\w[\]\\`^{|}-]/g, "").slice(0, 32) || "*";
        return notes.state === "user" ? welcome(notes) : "";
      case "USER":
        notes.state = "user";
        return notes.nick === "*" ? "" : welcome(notes);
      case "CAP":
        return /^LS/i.test(rest) ? ":irc CAP * LS :\r\n" : "";
      case "PING":
        return `:irc PONG irc :${rest.replace(/^:/, "")}\r\n`;
      case "JOIN":
        return `:${notes.nick}!u@host JOIN ${word}\r\n:irc 353 ${notes.nick} = ${word} :${notes.nick} @op\r\n:irc 366 ${notes.nick} ${word} :End of /NAMES list.\r\n`;
      case "QUIT":
        notes.next = "end";
        return "ERROR :Closing link\r\n";
      default:
        return "";
    }
  },
};

function welcome(notes: Notes): string {
  notes.state = "welcome";
  return `:irc 001 ${notes.nick} :Welcome\r\n:irc 376 ${notes.nick} :End of /MOTD command.\r\n`;
}

/** Inline commands and arrays of bulk strings alike: of an array, the lines that the count in its head announces are taken first. */
const REDIS: LineService = {
  name: "redis",
  answer(line, notes) {
    const array = /^\*(\d{1,3})$/.exec(line);
    if (array) {
      notes.state = String(Number(array[1]) * 2);
      notes.nick = "";
      return "";
    }
    const left = Number(notes.state) - 1;
    if (left >= 0) {
      notes.state = left === 0 ? "" : String(left);
      if (notes.nick === "" && !line.startsWith("$")) notes.nick = line;
      return left === 0 ? redisAnswer(notes.nick) : "";
    }
    return redisAnswer(verb(line));
  },
};

function redisAnswer(command: string): string {
  switch (command.slice(0, 16).toUpperCase()) {
    case "PING":
      return "+PONG\r\n";
    case "GET":
      return "$-1\r\n";
    case "KEYS":
      return "*0\r\n";
    case "INFO":
      return "$21\r\n# Server\r\nversion:7.0\r\n";
    default:
      return "+OK\r\n";
  }
}

const SSH: LineService = { name: "ssh", greeting: "SSH-2.0-OpenSSH_9.6\r\n", answer: () => "" };
const VNC: LineService = { name: "vnc", greeting: "RFB 003.008\n", answer: () => "" };
const STRATUM: LineService = { name: "stratum", answer: (line) => answerStratum(line) };

const BY_NAME = new Map(
  [SMTP, FTP, POP3, IMAP, TELNET, IRC, REDIS, SSH, VNC, STRATUM].map((s) => [s.name, s] as const),
);

const BY_PORT = new Map<number, LineService>([
  [21, FTP],
  [22, SSH],
  [23, TELNET],
  [2323, TELNET],
  [2222, SSH],
  [25, SMTP],
  [587, SMTP],
  [465, SMTP],
  [2525, SMTP],
  [110, POP3],
  [995, POP3],
  [143, IMAP],
  [220, IMAP],
  [993, IMAP],
  [990, FTP],
  [5900, VNC],
]);

export function lineServiceNamed(name: string): LineService | undefined {
  return BY_NAME.get(name);
}

/** The service that a client expects behind a port where the server speaks first. */
export function lineServiceOn(port: number): LineService | undefined {
  return BY_PORT.get(port);
}

function verb(line: string): string {
  return (/^\s*(\w{1,16})/.exec(line)?.[1] ?? "").toUpperCase();
}
