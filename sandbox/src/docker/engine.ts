import { release } from "node:os";
import { Fault } from "@airlock/contracts";
import type Docker from "dockerode";
import { z } from "zod";

/** What the rest of the sandbox must know of the engine that it talks to. */
export interface EngineFacts {
  readonly version: string;
  readonly kernel: string;
  readonly cgroupDriver: "cgroupfs" | "systemd";
  readonly cgroupVersion: 1 | 2;
  readonly cpus: number;
  readonly runtime: string;
  /** Where the engine keeps layers and volumes; on this host, since it shares our kernel. */
  readonly rootFolder: string;
}

export interface Engine {
  readonly docker: Docker;
  readonly facts: EngineFacts;
}

/**
 * Connects through DOCKER_HOST or the usual socket. Throws ENGINE_UNREACHABLE when nothing answers,
 * and ENGINE_FOREIGN_KERNEL when the engine says it runs on another kernel than we do: our recorder would see nothing.
 */
export async function connectEngine(): Promise<Engine> {
  // Loaded here and not at the top: it costs 0.3 s, which commands that touch no engine shouldn't pay.
  const { default: Dockerode } = await import("dockerode");
  const docker = new Dockerode();
  const facts = readFacts(await askEngine("tell about itself", () => docker.info()));
  if (facts.kernel !== release()) {
    throw new Fault("ENGINE_FOREIGN_KERNEL", `the engine runs on kernel ${facts.kernel}, we run on ${release()}`, {
      hint: "Run Airlock on the engine's own host, outside any virtual machine.",
    });
  }
  return { docker, facts };
}

const Info = z.object({
  ServerVersion: z.string(),
  KernelVersion: z.string(),
  CgroupDriver: z.string().optional(),
  CgroupVersion: z.string().optional(),
  NCPU: z.number().int().positive(),
  DefaultRuntime: z.string().optional(),
  DockerRootDir: z.string().optional(),
});

function readFacts(answer: unknown): EngineFacts {
  const parsed = Info.safeParse(answer);
  if (!parsed.success) throw new Fault("ENGINE_ERROR", "the engine describes itself in a form we don't know");
  const info = parsed.data;
  return {
    version: info.ServerVersion,
    kernel: info.KernelVersion,
    cgroupDriver: info.CgroupDriver === "systemd" ? "systemd" : "cgroupfs",
    cgroupVersion: info.CgroupVersion === "2" ? 2 : 1,
    cpus: info.NCPU,
    runtime: info.DefaultRuntime ?? "runc",
    rootFolder: info.DockerRootDir ?? "/var/lib/docker",
  };
}

/** No single request may take longer; a hung engine must not hang the teardown with it. */
const REQUEST_DEADLINE_MS = 60_000;

/**
 * One request to the engine. Rejects with ENGINE_UNREACHABLE or ENGINE_ERROR; the engine's own status code is kept
 * in the fault's cause (see `statusOf`). `what` completes the sentence "the engine did not ...".
 */
export async function askEngine<T>(what: string, request: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Fault("ENGINE_ERROR", `the engine did not ${what} in ${REQUEST_DEADLINE_MS / 1000} s`)),
      REQUEST_DEADLINE_MS,
    );
    timer.unref();
  });
  try {
    return await Promise.race([request(), deadline]);
  } catch (error) {
    throw toEngineFault(error, what);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for the end of all, also when some fail: what is still under way could not be undone. Then rejects with the first failure. */
export async function settleAll(requests: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(requests)) if (result.status === "rejected") throw result.reason;
}

/**
 * Creates a container. The client would put every option into the request's address as well as into its body: an image with
 * a large environment, or our own seccomp profile, is then more than an engine or a proxy before it takes.
 */
export function createContainer(
  docker: Docker,
  { name, ...body }: Docker.ContainerCreateOptions,
): Promise<Docker.Container> {
  const options = { _query: { name }, _body: body } as unknown as Docker.ContainerCreateOptions;
  return docker.createContainer(options);
}

/** HTTP status that the engine answered a failed request with; undefined when there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof Fault ? error.cause : error;
  const status = (cause as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === "number" ? status : undefined;
}

/** The engine's own words on why a request failed. */
export function engineMessage(error: unknown): string {
  const cause = error instanceof Fault && error.cause !== undefined ? error.cause : error;
  const json = (cause as { json?: { message?: unknown } }).json;
  if (typeof json?.message === "string") return json.message;
  return cause instanceof Error ? cause.message : String(cause);
}

function toEngineFault(error: unknown, what: string): Fault {
  if (error instanceof Fault) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new Fault("ENGINE_UNREACHABLE", `no container engine answers (${code})`, {
      cause: error,
      hint: "Start the Docker Engine, or set DOCKER_HOST to where it listens; root or membership of its group is needed.",
    });
  }
  return new Fault("ENGINE_ERROR", `the engine did not ${what}: ${engineMessage(error)}`, { cause: error });
}

const UNREACHABLE = new Set(["ENOENT", "ECONNREFUSED", "EACCES", "EPERM", "ENOTFOUND", "EHOSTUNREACH", "ETIMEDOUT"]);
