import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Report } from "@airlock/contracts";
import { connectEngine, openEngineImages } from "@airlock/sandbox";
import { beforeAll, describe, expect, it } from "vitest";

/** The built program against the real engine, kernel and recorder. */
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `signalAt`: sends SIGINT once standard error matches. */
async function run(args: readonly string[], env: Record<string, string> = {}, signalAt?: RegExp): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env } });
  const written = { stdout: "", stderr: "" };
  let signalled = false;
  child.stdout.on("data", (chunk: Buffer) => {
    written.stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    written.stderr += chunk.toString();
    if (signalAt?.test(written.stderr) !== true || signalled) return;
    signalled = true;
    child.kill("SIGINT");
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, ...written };
}

const ONE_LINE = /^airlock: [^\n]* \[([A-Z_]+)\]\n$/;
let results: { readonly image: string; readonly report: Report }[];

describe("airlock demo", () => {
  beforeAll(async () => {
    const { status, stdout, stderr } = await run(["demo", "--duration", "5s", "--format", "json", "--keep", "--quiet"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const items = JSON.parse(stdout) as { image: string; report: unknown }[];
    results = items.map(({ image, report }) => ({ image, report: Report.parse(report) }));
  });

  it("judges one image benign and one malicious, with nothing lost", () => {
    expect(results.map(({ report }) => report.verdict.level)).toEqual(["benign", "malicious"]);
    for (const { report } of results) {
      expect(report.coverage).toMatchObject({ dropped: 0, truncated: [] });
      expect(report.verdict.reasons).toEqual([]);
    }
  });

  it("proves each finding with evidence", () => {
    const findings = results[1]?.report.findings ?? [];
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) expect(finding.evidence[0]?.excerpt).not.toBe("");
  });

  it("sees the whole of what the implant does", () => {
    const { network, droppedFiles, processes } = results[1]?.report ?? expect.fail("no report of the implant");
    expect(new Set(network.dns.map(({ name }) => name))).toEqual(
      new Set(["c2.airlock-demo.test", "pool.minexmr.airlock-demo.test"]),
    );
    expect(network.http.map(({ method, url }) => `${method} ${url}`)).toEqual(
      expect.arrayContaining([
        "POST http://c2.airlock-demo.test/collect",
        "GET http://c2.airlock-demo.test/stage2.bin",
      ]),
    );
    expect(network.flows.some(({ application }) => application === "stratum")).toBe(true);
    expect(droppedFiles.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["/etc/ld.so.preload", "/etc/cron.d/payments-api", "/root/.ssh/authorized_keys"]),
    );
    expect(processes.some(({ origin, image }) => origin === "upper" && image.endsWith("/kworker"))).toBe(true);
  });

  it("can be analysed again by name where its images were kept, down to the digest", async () => {
    const { status, stdout } = await run(
      "analyze docker:airlock-demo/web:latest --duration 2s --format json --quiet".split(" "),
    );
    const report = Report.parse(JSON.parse(stdout));
    expect(report.image.configDigest).toBe(results[0]?.report.image.configDigest);
    expect(status).toBe(report.verdict.reasons.length === 0 ? 0 : 3);
  });

  it("tears everything down on Ctrl-C and says so in one line", async () => {
    const line = "analyze docker:airlock-demo/web:latest --duration 60s --format json".split(" ");
    const { status, stdout, stderr } = await run(line, {}, /detonate/);
    expect(status).toBe(130);
    expect(stdout).toBe("");
    expect(stderr.split("\n").filter((text) => text.includes("[INTERRUPTED]"))).toHaveLength(1);
  });

  it("fails with one line when the recorder is missing, though the image is there", async () => {
    const line = ["analyze", "docker:airlock-demo/web:latest", "--no-progress"];
    const { status, stdout, stderr } = await run(line, { AIRLOCK_TRACER: "/no/such/tracer" });
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(ONE_LINE.exec(stderr)?.[1]).toBe("TRACER_MISSING");
  });

  it("removes its images", async () => {
    const images = openEngineImages((await connectEngine()).docker);
    for (const { image } of results) {
      await images.remove(image);
      expect(await images.inspect(image)).toBeNull();
    }
  });
});

describe("airlock analyze", () => {
  it.each([
    ["IMAGE_NOT_FOUND", "docker:airlock-test/no-such-image", {}],
    ["ENGINE_UNREACHABLE", "docker:airlock-test/no-such-image", { DOCKER_HOST: "unix:///no/such/socket" }],
  ])("fails with one line and %s", async (code, image, env) => {
    const { status, stdout, stderr } = await run(["analyze", image, "--no-progress"], env);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(ONE_LINE.exec(stderr)?.[1]).toBe(code);
  });
});
