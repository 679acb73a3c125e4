import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type DetonationPlan, Fault, type PinnedImage } from "@airlock/contracts";
import type Docker from "dockerode";
import type { OutputCollector } from "../output-collector.ts";
import { askEngine, engineMessage, statusOf } from "./engine.ts";
import { type SamplePlacement, sampleOptions } from "./hardening.ts";

/** How the engine says that a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

const END_POLL_MS = 10;

/** The sample's own container, from its creation to its removal. */
export class SampleContainer {
  /** Host folders of the writable layer and of the image's layers, topmost first. */
  readonly layers: { readonly upper: string; readonly lowers: readonly string[] };
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  #output: Duplex | null = null;

  private constructor(docker: Docker, container: Docker.Container, layers: SampleContainer["layers"]) {
    this.#docker = docker;
    this.#container = container;
    this.layers = layers;
  }

  /**
   * Creates it of exactly the image that was pinned. Throws IMAGE_NOT_FOUND when the engine has that no more, and
   * IMAGE_DIGEST_MISMATCH when it took another all the same.
   */
  static async create(
    docker: Docker,
    plan: DetonationPlan,
    image: PinnedImage,
    placement: Omit<SamplePlacement, "image">,
  ): Promise<SampleContainer> {
    const container = await createOf(docker, plan, pinsOf(image), placement);
    const facts = await askEngine("describe the sample", () => container.inspect());
    requireSameImage(facts, image);
    requireOwnVolumes(facts, placement);
    return new SampleContainer(docker, container, readLayers(facts));
  }

  /** Before the start, so that no byte of output and no exit is missed. */
  async attach(output: OutputCollector): Promise<void> {
    this.#output = (await askEngine("attach to the sample", () =>
      this.#container.attach({ stream: true, stdout: true, stderr: true }),
    )) as unknown as Duplex;
    output.read(this.#output);
  }

  /**
   * True once started. False when the image itself can't be started (no such program, no such user, not for this
   * machine): that is the sample's fate and not a fault; `reason` then holds the engine's words.
   */
  async start(): Promise<{ started: true } | { started: false; reason: string }> {
    try {
      await askEngine("start the sample", () => this.#container.start());
      return { started: true };
    } catch (error) {
      const reason = engineMessage(error);
      if (statusOf(error) !== undefined && IMAGE_TO_BLAME.test(reason)) return { started: false, reason };
      throw error;
    }
  }

  async isRunning(): Promise<boolean> {
    return (await this.#inspect()).State.Running;
  }

  /** Process 1 of the sample on this host; 0 when it is gone. */
  async pid(): Promise<number> {
    return (await this.#inspect()).State.Pid;
  }

  /** No error when it has ended meanwhile. */
  async signal(signal: string): Promise<void> {
    await askEngine("signal the sample", () => this.#container.kill({ signal })).catch((error: unknown) => {
      if (statusOf(error) !== 409 && statusOf(error) !== 404) throw error;
    });
  }

  /**
   * How it ended, once its processes are gone and the engine has noticed. Throws CGROUP_FAILED when the engine says that
   * it still runs: then its processes are not where we look for them.
   */
  async readEnd(timeoutMs: number): Promise<ContainerEnd> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const { State } = await this.#inspect();
      if (!State.Running) return { exitCode: State.ExitCode, oomKilled: State.OOMKilled };
      if (performance.now() > until) {
        throw new Fault("CGROUP_FAILED", "the engine says that the sample runs, but its control group is empty");
      }
      await sleep(END_POLL_MS);
    }
  }

  /** Closes our end of the output. */
  detach(): void {
    this.#output?.destroy();
  }

  #inspect(): Promise<Docker.ContainerInspectInfo> {
    return askEngine("describe the sample", () => this.#container.inspect());
  }
}

/**
 * What engine and runtime say when an image asks for a program, user or folder that it doesn't have, or for another machine's
 * code. Anything else that they fail at is their trouble or ours, hence a fault.
 */
const IMAGE_TO_BLAME =
  /exec: |exec format error|executable file not found|unable to find (user|group)|no matching entries in (passwd|group)|chdir to cwd|mkdir .*: (not a directory|file exists)|not a directory|Cwd must be an absolute path|argument list too long/;

/**
 * The names that can't move: the engine's classic store knows an image by its config digest, the newer one by that of its
 * manifest or index. Never a tag: it may have moved since the image was looked through.
 */
function pinsOf({ configDigest, digest, indexDigest, manifestDigest }: PinnedImage): Set<string> {
  return new Set([configDigest, digest, manifestDigest, indexDigest].filter((pin) => pin !== undefined));
}

async function createOf(
  docker: Docker,
  plan: DetonationPlan,
  pins: Iterable<string>,
  placement: Omit<SamplePlacement, "image">,
): Promise<Docker.Container> {
  for (const pin of pins) {
    const options = sampleOptions(plan, { ...placement, image: pin });
    try {
      return await askEngine("create the sample's container", () => docker.createContainer(options));
    } catch (error) {
      if (statusOf(error) !== 404 || !/no such image/i.test(engineMessage(error))) throw error;
    }
  }
  throw new Fault("IMAGE_NOT_FOUND", "the engine does not have the image any more");
}

function requireSameImage(facts: Docker.ContainerInspectInfo, image: PinnedImage): void {
  if (pinsOf(image).has(facts.Image)) return;
  throw new Fault(
    "IMAGE_DIGEST_MISMATCH",
    "the engine made the container of another image than the one that was pinned",
  );
}

/** The engine mounts what an image declares; a form of that which we did not foresee would fill the host's disk unbounded. */
function requireOwnVolumes(
  { Mounts }: Docker.ContainerInspectInfo,
  { volumes }: Pick<SamplePlacement, "volumes">,
): void {
  const ours = new Set(volumes.map(({ name }) => name));
  if (Mounts.every(({ Name, Type }) => Type === "volume" && Name !== undefined && ours.has(Name))) return;
  throw new Fault("IMAGE_MALFORMED", "the image declares a volume in a form that can't be bounded");
}

function readLayers({ GraphDriver }: Docker.ContainerInspectInfo): SampleContainer["layers"] {
  const { UpperDir: upper, LowerDir: lower } = (GraphDriver as { Data?: Record<string, string> }).Data ?? {};
  if (upper === undefined || lower === undefined) {
    throw new Fault("ENGINE_ERROR", "the engine's storage shows no writable layer", {
      hint: "Set the engine's storage driver to overlay2.",
    });
  }
  return { upper, lowers: lower.split(":") };
}
