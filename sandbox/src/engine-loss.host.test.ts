import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRunName } from "./run-name.ts";
import { TestRange } from "./test-range.ts";

/** A way to the real engine that can be cut, as when the engine stops in the middle of a run. */
class EngineLine {
  readonly path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "airlock-test-"));
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor() {
    this.path = join(this.#folder, "engine.sock");
  }

  async open(): Promise<void> {
    this.#server = createServer((near) => {
      const far = connect("/var/run/docker.sock");
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    }).listen(this.path);
    await once(this.#server, "listening");
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  remove(): void {
    this.cut();
    rmSync(this.#folder, { recursive: true });
  }
}

let line: EngineLine;
let range: TestRange;
const engineBefore = process.env["DOCKER_HOST"];

beforeEach(async () => {
  line = new EngineLine();
  await line.open();
  process.env["DOCKER_HOST"] = `unix://${line.path}`;
  range = await TestRange.open();
});
afterEach(async () => {
  expect(await range.residue()).toEqual([]);
  await range.close();
  line.remove();
  if (engineBefore === undefined) delete process.env["DOCKER_HOST"];
  else process.env["DOCKER_HOST"] = engineBefore;
});

test("an engine that goes away in the middle of a run is a fault, the sample dies at once, and the next run removes the rest", async () => {
  const image = await range.build([], { Volumes: { "/data": {} } });
  const run = createRunName();
  const attempt = range.detonate("sleep 600", {
    image,
    run,
    plan: { durationMs: 600_000 },
    onProgress: ({ phase }) => {
      if (phase === "running") line.cut();
    },
  });
  await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/^ENGINE_/) });

  await line.open();
  const left = await range.residue();
  expect(left.filter((text) => text.includes("process"))).toEqual([]);
  expect(left).toContain(`container /${run}-sample`);

  const { recording } = await range.detonate("exit 0", { image });
  expect(recording.outcome).toMatchObject({ kind: "exited", code: 0 });
});

test("an engine that is not there when a run begins is a fault, and leaves nothing", async () => {
  const image = await range.build();
  line.cut();
  await expect(range.detonate("exit 0", { image })).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  await line.open();
});
