import { once } from "node:events";
import type { Readable } from "node:stream";
import { Digest, Fault, type PinnedImage, Platform, parseImageReference, readImageConfig } from "@airlock/contracts";
import type Docker from "dockerode";
import { z } from "zod";
import { isOwnerAlive, parseRunName, type RunName } from "../run-name.ts";
import { askEngine, statusOf } from "./engine.ts";

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
    save: async (id) => (await askEngine("save the image", () => docker.getImage(id).get())) as Readable,
    hold: (id, run) => hold(docker, id, run),
    release: async (run) => {
      await remove(docker, runTag(run));
    },
    remove: async (reference) => {
      await remove(docker, reference);
    },
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
  const answer = await ask("describe the image", () => docker.getImage(name).inspect(), [404]);
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
    // Without the usual deadline: how long it takes is up to the image's size and where it comes from.
    const answer = (await docker.loadImage(archive, { quiet: true })) as Readable;
    refuseFailure(await readBounded(answer));
  } catch (error) {
    await askEngine("load the image", () => Promise.reject(error));
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
  await once(stream, "end");
  return kept;
}

const MAX_ANSWER = 64 * 1024;

async function hold(docker: Docker, id: Digest, run: RunName): Promise<boolean> {
  return (
    (await ask("tag the image", () => docker.getImage(id).tag({ repo: RUN_REPOSITORY, tag: run }), [404])) !== null
  );
}

/** Not forced: forcing would take an image away from under a container that somebody else made of it. */
async function remove(docker: Docker, reference: string, expected: readonly number[] = []): Promise<boolean> {
  const removing = () => docker.getImage(reference).remove({ force: false, noprune: true });
  return (await ask("remove the image", removing, [404, ...expected])) !== null;
}

async function reap(docker: Docker): Promise<number> {
  const filters = { reference: [`${RUN_REPOSITORY}:*`] };
  const listed = await askEngine("list images", () => docker.listImages({ filters }));
  const dead = listed
    .flatMap((image) => image.RepoTags ?? [])
    .filter((reference) => {
      const owner = ownerOfReference(reference);
      return owner !== null && !isOwnerAlive(owner);
    });
  let reaped = 0;
  for (const reference of dead) {
    // A conflict means that a container still uses it; the next reaper tries again.
    if (await remove(docker, reference, [409])) reaped++;
  }
  return reaped;
}

/** One request to the engine; null when it answers with one of `expected`. */
async function ask<T>(what: string, request: () => Promise<T>, expected: readonly number[] = []): Promise<T | null> {
  try {
    return await askEngine(what, request);
  } catch (error) {
    if (expected.includes(statusOf(error) ?? 0)) return null;
    throw error;
  }
}
