import { EVENT_CATEGORIES, type EventCategory } from "@airlock/contracts";
import type { Logsource } from "../rule-head.ts";

/** Whether a rule asks for the fields of our events, for words in log lines, or for records of the audit system. */
export type RuleForm = "events" | "log-lines" | "audit-records";

export type Mapping =
  | { readonly applies: true; readonly categories: readonly EventCategory[]; readonly form: RuleForm }
  | { readonly applies: false; readonly reason: string };

/**
 * Sigma's names for what we record under another name or as part of another category, and four of our own for what can
 * be done in two ways: a rule that looks at one of them alone is evaded by the other.
 */
const ALIASES: Readonly<Record<string, readonly EventCategory[]>> = {
  dns: ["dns_query"],
  webserver: ["proxy"],
  firewall: ["network_connection"],
  file_create: ["file_event"],
  process_tampering: ["process_access"],
  file_placement: ["file_event", "file_rename"],
  file_erasure: ["file_delete", "file_change"],
  file_opening: ["file_access", "file_event"],
  sent_data: ["payload", "proxy"],
};

/** Log services whose lines show in standard output or in a log file that the sample writes. */
const LOG_SERVICES = new Set([
  "auth",
  "clamav",
  "cron",
  "guacamole",
  "modsecurity",
  "sshd",
  "sudo",
  "syslog",
  "vsftpd",
]);

/**
 * Which of our events a rule's log source means. Rules for other products load and don't apply; rules on plain log
 * text see output lines and the first bytes of written files, and only by keywords. For audit records see `audit-view.ts`.
 */
export function mapLogsource(logsource: Logsource): Mapping {
  const { category, product, service } = logsource;
  if (product !== undefined && product !== "linux" && product !== "airlock") {
    return { applies: false, reason: `product ${product} is not what is analysed here` };
  }
  if (category !== undefined) return mapCategory(category);
  if (service === "auditd") return { applies: true, categories: [], form: "audit-records" };
  if (service !== undefined && !LOG_SERVICES.has(service)) {
    return { applies: false, reason: `nothing recorded stands for the log of service ${service}` };
  }
  if (product === undefined && service === undefined) return { applies: false, reason: "the log source is empty" };
  return { applies: true, categories: ["output", "file_event"], form: "log-lines" };
}

function mapCategory(category: string): Mapping {
  const own = EVENT_CATEGORIES.find((name) => name === category);
  if (own !== undefined) return { applies: true, categories: [own], form: "events" };
  const aliased = Object.hasOwn(ALIASES, category) ? ALIASES[category] : undefined;
  if (aliased !== undefined) return { applies: true, categories: aliased, form: "events" };
  return { applies: false, reason: `nothing recorded stands for category ${category}` };
}
