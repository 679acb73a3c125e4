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

/** Of the engine's three kinds of change. */
const CHANGE_DELETED = 2;
const END_POLL_MS = 10;

/** The sample's own container, from its creation to its removal. */
export class SampleContainer {
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  #output: Duplex | null = null;

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

  /** Host folders of the writable layer and of the image's layers, topmost first; null without overlay storage. */
  async layerFolders(): Promise<{ upper: string; lowers: string[] } | null> {
    const { Data } = (await this.#inspect()).GraphDriver as { Data?: Record<string, string> };
    const { UpperDir: upper, LowerDir: lower } = Data ?? {};
    return upper === undefined || lower === undefined ? null : { upper, lowers: lower.split(":") };
  }

  /**
   * Paths that the engine shows as deleted: also folders that were removed and made again, which hide all that the image
   * has in them by an attribute that only the engine reads for us.
   */
  async deletedPaths(): Promise<Set<string>> {
    const answer = await askEngine("compare the sample with its image", () => this.#container.changes());
    const changes = (answer ?? []) as { readonly Kind: number; readonly Path: string }[];
    return new Set(changes.filter(({ Kind }) => Kind === CHANGE_DELETED).map(({ Path }) => Path));
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
