import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type DetonationPlan, Fault, type PinnedImage, printable } from "@airlock/contracts";
import type Docker from "dockerode";
import type { OutputCollector } from "../output-collector.ts";
import { askEngine, createContainer, engineMessage, statusOf } from "./engine.ts";
import { type SamplePlacement, sampleOptions } from "./hardening.ts";

/** How the engine says that a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** Engine or runtime can't run the image, and the image is to blame. In their words, bounded, without paths of this host. */
export interface Refusal {
  readonly refused: string;
  /** What the image has in its volumes is more than these may hold. */
  readonly volumeFull: boolean;
}

const END_POLL_MS = 10;

/** The sample's own container, from its creation to its removal. */
export class SampleContainer {
  /** Host folders of the writable layer and of the image's layers, topmost first. */
  readonly layers: { readonly upper: string; readonly lowers: readonly string[] };
  readonly #container: Docker.Container;
  #output: Duplex | null = null;

  private constructor(container: Docker.Container, layers: SampleContainer["layers"]) {
    this.#container = container;
    this.layers = layers;
  }

  /**
   * Creates it of exactly the image that was pinned, or says why that image can't be made a container of. Throws
   * IMAGE_NOT_FOUND when the engine has it no more, and IMAGE_DIGEST_MISMATCH when it took another all the same.
   */
  static async create(
    docker: Docker,
    plan: DetonationPlan,
    image: PinnedImage,
    placement: Omit<SamplePlacement, "image">,
  ): Promise<SampleContainer | Refusal> {
    const container = await createOf(docker, plan, pinsOf(image), placement);
    if ("refused" in container) return container;
    const facts = await askEngine("describe the sample", () => container.inspect());
    requireSameImage(facts, image);
    requireOwnVolumes(facts, placement);
    return new SampleContainer(container, readLayers(facts));
  }

  /** Before the start, so that no byte of output and no exit is missed. */
  async attach(output: OutputCollector): Promise<void> {
    this.#output = (await askEngine("attach to the sample", () =>
      this.#container.attach({ stream: true, stdout: true, stderr: true }),
    )) as unknown as Duplex;
    output.read(this.#output);
  }

  /**
   * Null once started, or why the image can't be: no such program, no such user, not for this machine. That is the sample's
   * fate and not a fault.
   */
  async start(): Promise<Refusal | null> {
    try {
      await askEngine("start the sample", () => this.#container.start());
      return null;
    } catch (error) {
      return asRefusal(error);
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
 * What engine and runtime say when an image asks for a program, user or folder that it doesn't have, for another machine's
 * code, or for a volume where none can be. Anything else that they fail at is their trouble or ours, hence a fault.
 */
const IMAGE_TO_BLAME =
  /exec: |exec format error|executable file not found|unable to find (user|group)|no matching entries in (passwd|group)|chdir to cwd|mkdir .*: file exists|not (a )?directory|Cwd must be an absolute path|argument list too long|cannot be mounted because it is/;
const VOLUME_FULL = /\/airlock-[\w-]+-volume-\d+\/.*no space left on device/;
const MOST_REASON = 1000;

/** Throws the error again unless the image is to blame. */
function asRefusal(error: unknown): Refusal {
  const reason = engineMessage(error);
  const volumeFull = VOLUME_FULL.test(reason);
  if (statusOf(error) === undefined || !(volumeFull || IMAGE_TO_BLAME.test(reason))) throw error;
  const withoutHost = reason.replaceAll(/\/\S*\/(merged|_data)(?=[/"\s]|$)/g, "");
  return { refused: printable(withoutHost, MOST_REASON), volumeFull };
}

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
): Promise<Docker.Container | Refusal> {
  for (const pin of pins) {
    const options = sampleOptions(plan, { ...placement, image: pin });
    try {
      return await askEngine("create the sample's container", () => createContainer(docker, options));
    } catch (error) {
      const isMissing = statusOf(error) === 404 && /no such image/i.test(engineMessage(error));
      if (!isMissing) return asRefusal(error);
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
  // Absent altogether where the engine keeps images in containerd's store.
  const { Data } = (GraphDriver ?? {}) as { Data?: Record<string, string> };
  const { UpperDir: upper, LowerDir: lower } = Data ?? {};
  if (upper === undefined || lower === undefined) {
    throw new Fault("ENGINE_ERROR", "the engine's storage shows no writable layer", {
      hint: "Set the engine's storage driver to overlay2.",
    });
  }
  return { upper, lowers: lower.split(":") };
}
