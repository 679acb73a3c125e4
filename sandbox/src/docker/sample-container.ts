import type { Duplex } from "node:stream";
import type { DetonationPlan, PinnedImage } from "@airlock/contracts";
import type Docker from "dockerode";
import type { OutputCollector } from "../output-collector.ts";
import { askEngine, engineMessage, statusOf } from "./engine.ts";
import { type SamplePlacement, sampleOptions } from "./hardening.ts";

/** How the engine says that a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** The sample's own container, from its creation to its removal. */
export class SampleContainer {
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  #output: Duplex | null = null;
  #ended: Promise<void> | null = null;

  private constructor(docker: Docker, container: Docker.Container) {
    this.#docker = docker;
    this.#container = container;
  }

  static async create(docker: Docker, plan: DetonationPlan, placement: SamplePlacement): Promise<SampleContainer> {
    const options = sampleOptions(plan, placement);
    const container = await askEngine("create the sample's container", () => docker.createContainer(options));
    return new SampleContainer(docker, container);
  }

  /** Before the start, so that no byte of output and no exit is missed. */
  async attach(output: OutputCollector): Promise<void> {
    this.#output = (await askEngine("attach to the sample", () =>
      this.#container.attach({ stream: true, stdout: true, stderr: true }),
    )) as unknown as Duplex;
    output.read(this.#docker.modem, this.#output);
    this.#ended = this.#container.wait({ condition: "next-exit" }).then(
      () => undefined,
      () => undefined,
    );
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

  /** Resolves when the container has ended, however. */
  get ended(): Promise<void> {
    return this.#ended ?? Promise.resolve();
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

  async readEnd(): Promise<ContainerEnd> {
    const { State } = await this.#inspect();
    return { exitCode: State.ExitCode, oomKilled: State.OOMKilled };
  }

  /** Host folders of the writable layer and of the image's layers, topmost first; null without overlay storage. */
  async layerFolders(): Promise<{ upper: string; lowers: string[] } | null> {
    const { Data } = (await this.#inspect()).GraphDriver as { Data?: Record<string, string> };
    const { UpperDir: upper, LowerDir: lower } = Data ?? {};
    return upper === undefined || lower === undefined ? null : { upper, lowers: lower.split(":") };
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

/** How the engine names the image that was pinned: by config digest in the classic store, by manifest digest in the newer one. */
export async function findEngineImage(docker: Docker, image: PinnedImage): Promise<string> {
  const candidates = [image.configDigest, image.digest, image.reference];
  for (const candidate of candidates) {
    const found = await docker
      .getImage(candidate)
      .inspect()
      .catch(() => null);
    if (found !== null) return candidate;
  }
  return image.configDigest;
}
