import type { BehaviourEvent, EventOf } from "@airlock/contracts";

const MAX_EXCERPT = 320;

/** One line that says what an event was, for people. Hostile text: the place that shows it makes it safe. */
export function excerptOf(event: BehaviourEvent, before = ""): string {
  return cut(`${before}${describe(event)}`.replace(/\s+/g, " ").trim());
}

/** Never between the halves of a character, which would leave text that is no valid Unicode. */
function cut(text: string): string {
  if (text.length <= MAX_EXCERPT) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(MAX_EXCERPT - 2)) ? MAX_EXCERPT - 2 : MAX_EXCERPT - 1;
  return `${text.slice(0, end)}…`;
}

function describe(event: BehaviourEvent): string {
  switch (event.category) {
    case "process_creation":
      return `${event.fields.Image ?? "a process"} started: ${event.fields.CommandLine ?? ""}`;
    case "process_fork":
      return `${who(event)} went on in a process of its own`;
    case "process_termination":
      return `${who(event)} ended, ${event.fields.Signal ?? `status ${event.fields.ExitCode ?? "unknown"}`}`;
    case "process_access":
      return `${who(event)} ${event.fields.CallName} ${event.fields.Request ?? ""} on ${event.fields.TargetImage ?? "another process"}${failure(event)}`;
    case "file_event":
      return `${who(event)} ${event.fields.Operation} ${event.fields.TargetFilename}${failure(event)}`;
    case "file_access":
      return `${who(event)} read ${event.fields.TargetFilename}${failure(event)}`;
    case "file_change":
      return `${who(event)} changed ${event.fields.Change} of ${event.fields.TargetFilename} ${event.fields.Mode ?? event.fields.Owner ?? ""}${failure(event)}`;
    case "file_rename":
      return `${who(event)} renamed ${event.fields.SourceFilename} to ${event.fields.TargetFilename}${failure(event)}`;
    case "file_delete":
      return `${who(event)} deleted ${event.fields.TargetFilename}${failure(event)}`;
    case "network_connection":
      return `${who(event)} ${event.fields.Initiated ? "connected to" : "was reached on"} ${destination(event)} ${event.fields.Protocol} ${event.fields.Application ?? ""}${failure(event)}`;
    case "network_listen":
      return `${who(event)} listened on ${event.fields.LocalPath ?? `${event.fields.LocalIp ?? ""}:${event.fields.LocalPort ?? ""}`} ${event.fields.Protocol}${failure(event)}`;
    case "dns_query":
      return `${who(event)} asked for ${event.fields.QueryName} ${event.fields.QueryType}`;
    case "proxy":
      return `${who(event)} ${event.fields["cs-method"]} ${event.fields["c-uri"]}`;
    case "tls":
      return `${who(event)} TLS to ${event.fields.ServerName ?? event.fields.DestinationIp ?? ""}:${event.fields.DestinationPort ?? ""}`;
    case "payload":
      return `${who(event)} sent to ${destination(event)} ${event.fields.Application ?? ""}: ${event.fields.Data}`;
    case "output":
      return `${event.fields.Stream}: ${event.fields.Message}`;
    case "syscall":
      return `${who(event)} ${event.fields.SyscallName}(${(event.fields.Arguments ?? []).join(", ")})${failure(event)}`;
    case "driver_load":
      return `${who(event)} loaded ${event.fields.ImageLoaded ?? "a kernel module"}${failure(event)}`;
    case "derived":
      return describeFact(event);
    default:
      return event satisfies never;
  }
}

function who(event: Exclude<BehaviourEvent, EventOf<"output">>): string {
  const image = event.fields.Image;
  return typeof image === "string" ? image : "a process";
}

function destination(event: EventOf<"network_connection"> | EventOf<"payload">): string {
  const { DestinationIp, DestinationPort, DestinationHostname } = event.fields;
  if ("DestinationPath" in event.fields && event.fields.DestinationPath !== undefined)
    return event.fields.DestinationPath;
  const name = DestinationHostname === undefined ? "" : ` (${DestinationHostname})`;
  const port = DestinationPort === undefined ? "" : `:${DestinationPort}`;
  return `${DestinationIp ?? "an address"}${port}${name}`;
}

function failure(event: { fields: { Result?: string | undefined; Denied?: boolean | undefined } }): string {
  const { Result, Denied } = event.fields;
  if (Denied === true) return ` (denied${Result === undefined ? "" : `, ${Result}`})`;
  return Result === undefined || Result === "ok" ? "" : ` (${Result})`;
}

function describeFact({ fields }: EventOf<"derived">): string {
  const { Fact, Sources: _sources, ProcessId: _pid, User: _user, ...rest } = fields;
  const parts = Object.entries(rest)
    .filter(([, value]) => value !== undefined && !Array.isArray(value))
    .map(([name, value]) => `${name} ${String(value)}`);
  return `${Fact}: ${parts.join(", ")}`;
}
