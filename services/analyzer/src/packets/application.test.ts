import { encode, type Packet, streamEncode } from "dns-packet";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { recogniseApplication } from "./application.ts";
import { buildClientHello } from "./testing/tls-builder.ts";

const QUERY: Packet = { type: "query", id: 1, questions: [{ type: "A", name: "a.example" }] };
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex").toString("latin1");
const latin1 = (bytes: Buffer) => bytes.toString("latin1");

const stream = (client: string, server = "") =>
  recogniseApplication({
    transport: "tcp",
    client: Buffer.from(client, "latin1"),
    server: Buffer.from(server, "latin1"),
  });
const datagram = (client: string, server = "") =>
  recogniseApplication({
    transport: "udp",
    client: Buffer.from(client, "latin1"),
    server: Buffer.from(server, "latin1"),
  });

test.each([
  ["tls", latin1(buildClientHello({ ciphers: [1], extensions: null })), ""],
  ["http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""],
  ["http", "GET / HTTP/1.1\r\n", ""],
  ["http", `GET /${"a".repeat(5000)} HTTP/1.1\r\n`, ""],
  ["http", 'POST /json_rpc HTTP/1.1\r\n\r\n{"id":1,"method":"mining.subscribe"}', ""],
  ["http", "\r\nPOST / HTTP/1.1\r\n", ""],
  ["stratum", `${"\r\n \t".repeat(50_000)}{"id":1,"method":"mining.subscribe","params":[]}\n`, ""],
  ["ssh", "", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["stratum", '{"id":1,"method":"mining.subscribe","params":["cpuminer/2.5"]}\n', ""],
  [
    "stratum",
    '{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4A...","pass":"x","agent":"XMRig/6"}}\n',
    "",
  ],
  ["stratum", '{"worker":"w","method":"eth_submitLogin","params":["0x0"],"id":2}', ""],
  ["stratum", "", '{"id":null,"method":"mining.notify","params":[]}\n'],
  ["json-rpc", '{"jsonrpc":"2.0","id":1,"method":"login","params":["me"]}\n', ""],
  ["dns", latin1(streamEncode(QUERY)), ""],
  ["socks5", hex("05 01 00"), hex("05 00")],
  ["socks5", hex("05 02 00 02"), ""],
  ["socks4", hex("04 01 01bb c6336407 726f6f74 00"), ""],
  ["bittorrent", "\x13BitTorrent protocol", ""],
  ["redis", "*1\r\n$4\r\nINFO\r\n", ""],
  ["redis", "CONFIG SET dir /root/.ssh\r\n", "+OK\r\n"],
  ["smtp", "EHLO host\r\n", ""],
  ["smtp", "", "220 mail.example ESMTP Postfix\r\n"],
  ["ftp", "USER anonymous\r\n", "220 ready\r\n"],
  ["pop3", "USER bob\r\n", "+OK POP3 ready\r\n"],
  ["imap", "a001 LOGIN bob secret\r\n", ""],
  ["irc", "NICK bot123\r\nUSER bot 0 * :bot\r\n", ""],
  ["irc", "", ":irc.example NOTICE AUTH :*** Looking up\r\n"],
  ["shell", "/bin/sh: can't access tty; job control turned off\n/ # ", ""],
  ["shell", "root@web:/app# ", ""],
  ["shell", "uid=0(root) gid=0(root)\n", "id\n"],
  ["postgresql", hex("00000008 04d2162f"), ""],
  ["mysql", "", `${hex("4a000000 0a")}8.0.36\0`],
  ["mongodb", hex("3f000000 01000000 00000000 dd070000"), ""],
  ["smb", `${hex("00000045 ff")}SMBr`, ""],
  ["rdp", hex("03 00 00 13 0e e0 00 00 00 00 00"), ""],
  ["vnc", "", "RFB 003.008\n"],
  ["ldap", hex("30 0c 02 01 01 60 07 02 01 03 04 00 80 00"), ""],
  ["mqtt", `${hex("10 12 0004")}MQTT`, ""],
  ["amqp", "AMQP\0\0\x09\x01", ""],
  ["memcached", "stats\r\n", ""],
  ["git", "0033git-upload-pack /x.git", ""],
  ["rsync", "", "@RSYNCD: 31.0\n"],
  ["telnet", hex("ff fd 01 ff fb 1f"), ""],
  ["mongodb", hex("0d000a20 01000000 00000000 dd070000"), ""],
  ["unknown", "\r\n".repeat(2000), ""],
  ["unknown", "whatever this is", ""],
  ["unknown", hex("00 01 02 03 04 05 06 07 08 09"), hex("ff")],
  ["none", "", ""],
])("calls a stream %s", (application, client, server) => {
  expect(stream(client, server)).toBe(application);
});

test.each([
  ["dns", latin1(encode(QUERY))],
  ["quic", `${hex("c3 00000001")}${"\0".repeat(1195)}`],
  ["stun", hex("0001 0000 2112a442 000000000000000000000000")],
  ["ntp", `${hex("23")}${"\0".repeat(47)}`],
  ["dhcp", `${hex("01")}${"\0".repeat(235)}${hex("63825363 350101ff")}`],
  ["bittorrent-dht", "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"],
  ["bittorrent-tracker", hex("00000417 27101980 00000000 12345678")],
  ["ssdp", "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"],
  ["wireguard", `${hex("01 000000")}${"\0".repeat(144)}`],
  ["snmp", hex("30 26 02 01 01 04 06 7075626c6963 a0")],
  ["tftp", "\0\x01second-stage\0octet\0"],
  ["memcached", "\0\x01\0\0\0\x01\0\0stats\r\n"],
  ["syslog", "<34>su: failed"],
  ["unknown", "hello"],
])("calls a datagram %s", (application, client) => {
  expect(datagram(client)).toBe(application);
});

test("never throws, whatever the bytes", () => {
  const starts = fc.constantFrom(
    "",
    "\x05",
    "\x04\x01",
    "0",
    "\x10",
    "\0\0\0\x08",
    "{",
    "\x16\x03\x01",
    "\xff\xfb",
    "GET ",
  );
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 16 }), (start, rest, server) => {
      const client = Buffer.concat([Buffer.from(start, "latin1"), rest]);
      for (const transport of ["tcp", "udp"] as const) {
        expect(recogniseApplication({ transport, client, server: Buffer.from(server) })).toMatch(/^[a-z0-9-]+$/);
      }
    }),
    { numRuns: 2000 },
  );
});

test("stays quick on text made to make patterns backtrack", () => {
  const hostile = [
    `${"a".repeat(30)} ${"/ ".repeat(4000)}`,
    `{${'"method" '.repeat(500)}`,
    "USER ".repeat(2000),
    "/".repeat(9000),
  ];
  for (const text of hostile) for (let run = 0; run < 50; run++) expect(stream(text, text)).not.toBe("none");
});
