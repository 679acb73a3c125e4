import { once } from "node:events";
import type { Readable } from "node:stream";
import { Digest, Fault, type PinnedImage, Platform, parseImageReference, readImageConfig } from "@airlock/contracts";
import type Docker from "dockerode";
import { z } from "zod";
import { isOwnerAlive, parseRunName, type RunName } from "../run-name.ts";

/**
 * Images in the local engine. What Airlock brings in has exactly one reference, `airlock.local/run:<run name>`, set by the
 * very load that makes it, so that even after a kill -9 a tag says whose it was. A reference that the user has is never
 * removed, and an image that nobody but the user refers to gets no tag of ours, for removing the last tag removes the image.
 */
const RUN_REPOSITORY = "airlock.local/run";

export interface EngineImage {
  /** The engine's id: the config digest. */
  readonly id: Digest;
  /** Tags and digests by which the engine knows it, ours included. */
  readonly references: readonly string[];
  readonly image: PinnedImage;
  /** Folders on this host that hold the unpacked layers, lowest first; null where the engine's storage has none. */
  readonly layerFolders: readonly string[] | null;
}

export interface EngineImages {
  /** Null when there is no such image. `name` is a reference or an id. Throws IMAGE_REFERENCE_INVALID, IMAGE_MALFORMED. */
  inspect(name: string): Promise<EngineImage | null>;
  /** Loads a docker archive, whose one tag must be `runTag(run)`. Nothing is kept of a stream that fails. */
  load(archive: Readable): Promise<void>;
  /** The image as a docker archive. */
  save(id: Digest): Promise<Readable>;
  /** Puts the run's tag on an image; false when the image has gone meanwhile. */
  hold(id: Digest, run: RunName): Promise<boolean>;
  /** Takes the run's tag off; the image goes too if that was its last reference. No error when there is none. */
  release(run: RunName): Promise<void>;
  /** Takes any one reference off: for images that the demo or a test built under a name of its own. */
  remove(reference: string): Promise<void>;
  /** Releases what dead owners left; returns how many. Containers of theirs must be gone before. */
  reap(): Promise<number>;
}

export function runTag(run: RunName): string {
  return `${RUN_REPOSITORY}:${run}`;
}

/** The run that a reference belongs to; null for the user's own. */
export function ownerOfReference(reference: string): RunName | null {
  return reference.startsWith(`${RUN_REPOSITORY}:`) ? parseRunName(reference.slice(RUN_REPOSITORY.length + 1)) : null;
}

/** Whether a tag or digest is a run's, and so not the user's own. */
export function isRunReference(reference: string): boolean {
  return ownerOfReference(reference) !== null || reference.startsWith(`${RUN_REPOSITORY}@`);
}

export function openEngineImages(docker: Docker): EngineImages {
  return {
    inspect: (name) => inspect(docker, name),
    load: (archive) => load(docker, archive),
    save: async (id) => (await ask(() => docker.getImage(id).get())) as Readable,
    hold: (id, run) => hold(docker, id, run),
    release: (run) => remove(docker, runTag(run)),
    remove: (reference) => remove(docker, reference),
    reap: () => reap(docker),
  };
}

const Inspected = z.object({
  Id: Digest,
  RepoTags: z.array(z.string()).nullish(),
  RepoDigests: z.array(z.string()).nullish(),
  Os: z.string(),
  Architecture: z.string(),
  Variant: z.string().nullish(),
  Size: z.number().int().nonnegative(),
  Config: z.unknown(),
  RootFS: z.object({ Layers: z.array(Digest).nullish() }),
  GraphDriver: z.object({ Name: z.string(), Data: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

async function inspect(docker: Docker, name: string): Promise<EngineImage | null> {
  refuseNonName(name);
  const answer = await ask(() => docker.getImage(name).inspect(), [404]);
  if (answer === null) return null;
  const parsed = Inspected.safeParse(answer);
  if (!parsed.success) throw new Fault("IMAGE_MALFORMED", "the engine describes the image in a form we don't know");
  const read = parsed.data;
  const platform = Platform.safeParse([read.Os, read.Architecture, read.Variant].filter(Boolean).join("/"));
  if (!platform.success) throw new Fault("IMAGE_MALFORMED", "the image names no platform");
  const references = [...(read.RepoTags ?? []), ...(read.RepoDigests ?? [])].filter(
    (text) => !text.startsWith("<none>"),
  );
  return {
    id: read.Id,
    references,
    image: {
      reference: name,
      digest: read.Id,
      digestKind: "config",
      configDigest: read.Id,
      platform: platform.data,
      config: readImageConfig(read.Config),
      diffIds: read.RootFS.Layers ?? [],
      sizeBytes: read.Size,
    },
    layerFolders: read.GraphDriver?.Name === "overlay2" ? overlayFolders(read.GraphDriver.Data ?? {}) : null,
  };
}

/** dockerode puts the name into the request's path as it is: `../containers/json` would ask for something else. */
function refuseNonName(name: string): void {
  if (!Digest.safeParse(name).success && !/^[0-9a-f]{64}$/.test(name)) parseImageReference(name);
}

function overlayFolders(data: Readonly<Record<string, unknown>>): string[] | null {
  const { UpperDir: upper, LowerDir: lower } = data;
  if (typeof upper !== "string") return null;
  const lowers = typeof lower === "string" && lower !== "" ? lower.split(":") : [];
  return [upper, ...lowers].toReversed();
}

async function load(docker: Docker, archive: Readable): Promise<void> {
  try {
    const answer = (await ask(() => docker.loadImage(archive, { quiet: true }))) as Readable;
    refuseFailure(await readBounded(answer));
  } finally {
    // Whoever still writes must not wait for an engine that has stopped reading.
    archive.destroy();
  }
}

/** The engine answers 200 before it has read anything; a failure is a line of the body. */
function refuseFailure(text: string): void {
  for (const line of text.split("\n")) {
    const error = /"error":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
    if (error !== undefined) throw new Fault("ENGINE_ERROR", `the engine could not load the image: ${error}`);
  }
}

/** The engine's progress lines: only the last are of interest, and no more than a bound is kept. */
async function readBounded(stream: Readable): Promise<string> {
  let kept = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    kept = (kept + chunk).slice(-MAX_ANSWER);
  });
  try {
    await once(stream, "end");
  } catch (error) {
    throw engineFault(error);
  }
  return kept;
}

const MAX_ANSWER = 64 * 1024;

async function hold(docker: Docker, id: Digest, run: RunName): Promise<boolean> {
  return (await ask(() => docker.getImage(id).tag({ repo: RUN_REPOSITORY, tag: run }), [404])) !== null;
}

/** Not forced: an image that somebody made a container of stays, and the next reaper tries again. */
async function remove(docker: Docker, reference: string): Promise<void> {
  await ask(() => docker.getImage(reference).remove({ force: false, noprune: true }), [404]);
}

async function reap(docker: Docker): Promise<number> {
  const listed = await ask(() => docker.listImages({ filters: { reference: [`${RUN_REPOSITORY}:*`] } }));
  const dead = (listed ?? [])
    .flatMap((image) => image.RepoTags ?? [])
    .filter((reference) => {
      const owner = ownerOfReference(reference);
      return owner !== null && !isOwnerAlive(owner);
    });
  for (const reference of dead) await remove(docker, reference);
  return dead.length;
}

/** One request to the engine; null when it answers with one of `expected`. */
async function ask<T>(request: () => Promise<T>, expected: readonly number[] = []): Promise<T | null> {
  try {
    return await request();
  } catch (error) {
    const status = (error as { statusCode?: unknown }).statusCode;
    if (typeof status === "number" && expected.includes(status)) return null;
    throw engineFault(error);
  }
}

function engineFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && UNREACHABLE.has(code)) {
    return new Fault("ENGINE_UNREACHABLE", `the container engine does not answer (${code})`, { cause: error });
  }
  return new Fault("ENGINE_ERROR", `the container engine refused a request: ${message}`, { cause: error });
}

const UNREACHABLE = new Set(["ENOENT", "ECONNREFUSED", "EACCES", "EPERM", "ENOTFOUND", "EHOSTUNREACH", "ETIMEDOUT"]);
