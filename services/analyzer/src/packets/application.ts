import * as binary from "./binary-opening.ts";
import { blankLead } from "./blank-lead.ts";
import { looksLikeDns } from "./dns.ts";
import { looksLikeTls } from "./tls.ts";

/** The first bytes of both sides: of a stream, or for datagrams the first one each way. `client` is who began. */
export interface Opening {
  readonly transport: "tcp" | "udp";
  readonly client: Buffer;
  readonly server: Buffer;
}

/** Gets the heads of both sides; must not throw on any bytes. */
type BytesMatch = (client: Buffer, server: Buffer) => boolean;
/** The same heads as text, one character a byte, without blanks before it. */
type TextMatch = (client: string, server: string) => boolean;

interface Recogniser {
  readonly application: string;
  readonly bytes?: BytesMatch;
  readonly text?: TextMatch;
}

const TEXT_BYTES = 2048;

/**
 * Names the protocol by what is said, never by the port: a miner on 443 is still a miner. `none` when nothing was said,
 * `unknown` when no recogniser fits. The first that fits wins, so the narrower ones stand first.
 */
export function recogniseApplication({ transport, client, server }: Opening): string {
  if (client.length === 0 && server.length === 0) return "none";
  const clientText = textOf(client);
  const serverText = textOf(server);
  const fits = ({ bytes, text }: Recogniser) =>
    bytes?.(client, server) === true || text?.(clientText, serverText) === true;
  return (transport === "tcp" ? STREAMS : DATAGRAMS).find(fits)?.application ?? "unknown";
}

function textOf(bytes: Buffer): string {
  const start = blankLead(bytes);
  return bytes.toString("latin1", start, start + TEXT_BYTES);
}

const STREAMS: readonly Recogniser[] = [
  { application: "tls", bytes: (client, server) => looksLikeTls(client.length > 0 ? client : server) },
  { application: "http2", text: (client) => client.startsWith("PRI * HTTP/2.0\r\n") },
  { application: "http", text: isHttp },
  { application: "ssh", text: (client, server) => client.startsWith("SSH-") || server.startsWith("SSH-") },
  { application: "stratum", text: (client, server) => isStratum(client) || isStratum(server) },
  { application: "dns", bytes: binary.isDnsStream },
  { application: "socks5", bytes: binary.isSocks5 },
  { application: "socks4", bytes: binary.isSocks4 },
  { application: "bittorrent", bytes: binary.isBittorrent },
  { application: "redis", text: isRedis },
  { application: "smtp", text: isSmtp },
  { application: "ftp", text: isFtp },
  { application: "pop3", text: (client, server) => server.startsWith("+OK") && POP3_CLIENT.test(client) },
  { application: "imap", text: (client, server) => server.startsWith("* OK") || IMAP_CLIENT.test(client) },
  { application: "irc", text: (client, server) => IRC_CLIENT.test(client) || IRC_SERVER.test(server) },
  { application: "shell", text: (client, server) => SHELL.test(client) || SHELL.test(server) },
  { application: "postgresql", bytes: binary.isPostgres },
  { application: "mysql", bytes: binary.isMysql },
  { application: "mongodb", bytes: binary.isMongo },
  { application: "smb", bytes: binary.isSmb },
  { application: "rdp", bytes: binary.isRdp },
  { application: "vnc", text: (client, server) => VNC.test(client) || VNC.test(server) },
  { application: "ldap", bytes: binary.isLdap },
  { application: "mqtt", bytes: binary.isMqtt },
  { application: "amqp", text: (client) => client.startsWith("AMQP") },
  { application: "memcached", text: (client) => MEMCACHED.test(client) },
  { application: "git", text: (client) => /^[0-9a-f]{4}git-(?:upload|receive)-pack /.test(client) },
  { application: "rsync", text: (client, server) => client.startsWith("@RSYNCD:") || server.startsWith("@RSYNCD:") },
  { application: "rtsp", text: (client) => /^[A-Z_]{3,20} \S{1,500} RTSP\/1\.\d\r?\n/.test(client) },
  { application: "sip", text: isSip },
  { application: "adb", text: (client) => client.startsWith("CNXN") },
  { application: "jdwp", text: (client) => client.startsWith("JDWP-Handshake") },
  { application: "java-rmi", text: (client) => client.startsWith("JRMI") },
  { application: "telnet", bytes: binary.isTelnet },
  { application: "json-rpc", text: (client) => /^\s{0,16}\{[^\n]{0,1500}"(?:jsonrpc|method)"\s{0,16}:/.test(client) },
];

const DATAGRAMS: readonly Recogniser[] = [
  { application: "dns", bytes: (client, server) => looksLikeDns(client.length > 0 ? client : server) },
  { application: "quic", bytes: binary.isQuic },
  { application: "stun", bytes: binary.isStun },
  { application: "ntp", bytes: binary.isNtp },
  { application: "dhcp", bytes: binary.isDhcp },
  { application: "bittorrent-dht", text: (client) => /^d1:[are]/.test(client) && /1:y1:[qre]/.test(client) },
  { application: "bittorrent-tracker", bytes: binary.isBittorrentTracker },
  { application: "ssdp", text: (client) => /^(?:M-SEARCH|NOTIFY) \* HTTP\/1\.1\r\n/.test(client) },
  { application: "sip", text: isSip },
  { application: "wireguard", bytes: binary.isWireguard },
  { application: "snmp", bytes: binary.isSnmp },
  { application: "tftp", bytes: binary.isTftp },
  { application: "memcached", bytes: binary.isMemcachedDatagram },
  { application: "syslog", text: (client) => /^<\d{1,3}>/.test(client) },
];

const HTTP_REQUEST = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} \S[^\n]{0,2000}? HTTP\/1\.\d\r?\n/;
/** A target so long that the version lies beyond what is looked at. */
const HTTP_LONG_REQUEST = /^(?:GET|POST|PUT|HEAD|DELETE|OPTIONS) (?:\/|https?:)[^\r\n]{1500}/;
const HTTP_ANSWER = /^HTTP\/1\.\d \d{3}/;
const POP3_CLIENT = /^(?:USER|CAPA|AUTH|STLS|APOP|QUIT|$)/;
const IMAP_CLIENT = /^[A-Za-z0-9.]{1,10} (?:LOGIN|CAPABILITY|AUTHENTICATE|STARTTLS)\b/;
const IRC_CLIENT = /^(?:CAP LS|NICK \S|PASS [^\r\n]{1,200}\r?\n(?:NICK|USER) |USER \S{1,100} \S{1,100} \S{1,100} :)/;
const IRC_SERVER = /^:\S{1,200} (?:NOTICE|001) /;
const VNC = /^RFB 00\d\.\d{3}\n/;
const MEMCACHED = /^(?:stats|version|flush_all|(?:get|set|gets) \S[^\r\n]*)\r\n/;
/** What an interactive shell says first to a socket that is no terminal, a prompt, or the answer to `id`. */
const SHELL =
  /^(?:(?:\/bin\/)?(?:ba|da|a|z)?sh: (?:can't access tty|cannot set terminal process group|no job control)|(?:ba)?sh-\d\.\d{1,2}[#$] |uid=\d+\(|(?:[\w.-]{1,32}@[\w.-]{1,64}:)?[~/][\w./~-]{0,64} ?[#$] $)/;

/** JSON-RPC of mining pools: the Bitcoin family (`mining.*`), Ethereum's proxies (`eth_*`) and Monero's login, job, submit. */
const STRATUM_METHOD =
  /"method"\s{0,16}:\s{0,16}"(mining\.[a-z_.]{2,40}|eth_(?:submitLogin|submitWork|getWork|submitHashrate)|login|submit|keepalived|job)"/;
const MONERO_FIELD = /"(?:login|pass|agent|algo|job_id|nonce|seed_hash|worker-?id|rigid)"\s{0,16}:/;
const REDIS_COMMAND = /^\*\d{1,6}\r\n\$\d{1,9}\r\n/;
const REDIS_INLINE =
  /^(?:PING|INFO|AUTH|CONFIG (?:SET|GET)|SLAVEOF|REPLICAOF|FLUSHALL|KEYS|MODULE LOAD|EVAL|SET|GET)\b[^\n]*\n/i;

function isHttp(client: string, server: string): boolean {
  if (client === "") return HTTP_ANSWER.test(server);
  return HTTP_REQUEST.test(client) || HTTP_LONG_REQUEST.test(client);
}

function isStratum(text: string): boolean {
  const method = STRATUM_METHOD.exec(text)?.[1];
  if (method === undefined) return false;
  // `login`, `submit` and `job` are common words: only beside the fields of a mining login they mean one.
  return /^(?:mining\.|eth_)/.test(method) || (/"(?:id|jsonrpc)"\s{0,16}:/.test(text) && MONERO_FIELD.test(text));
}

function isRedis(client: string, server: string): boolean {
  return REDIS_COMMAND.test(client) || (REDIS_INLINE.test(client) && (server === "" || /^[+\-:$*]/.test(server)));
}

function isSmtp(client: string, server: string): boolean {
  return /^(?:EHLO|HELO|LHLO) /i.test(client) || /^220[ -][^\n]{0,500}\bE?SMTP\b/.test(server);
}

function isFtp(client: string, server: string): boolean {
  if (/^220[ -][^\n]{0,500}FTP/i.test(server)) return true;
  return /^USER [^\s:]{1,200}\r?\n/.test(client) && (server === "" || server.startsWith("220"));
}

function isSip(client: string): boolean {
  return /^[A-Z]{3,20} \S{1,500} SIP\/2\.0\r?\n/.test(client);
}
