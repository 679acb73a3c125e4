import { z } from "zod";

/** `sha256:<64 hex>`: the only digest algorithm we accept; OCI's other registered one is not in use by registries. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export type Digest = z.infer<typeof Digest>;

/** `os/architecture` or `os/architecture/variant`, as OCI writes it: `linux/amd64`. */
export const Platform = z.string().regex(/^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9]+)?$/);
export type Platform = z.infer<typeof Platform>;

/** The part of an OCI image config that decides how an image runs. Absent and empty mean the same. */
export const ImageConfig = z.strictObject({
  entrypoint: z.array(z.string()),
  command: z.array(z.string()),
  /** `NAME=value`, in the image's order. */
  env: z.array(z.string()),
  user: z.string(),
  workdir: z.string(),
  exposedPorts: z.array(z.string().regex(/^\d{1,5}\/(tcp|udp|sctp)$/)),
  volumes: z.array(z.string()),
  stopSignal: z.string(),
  labels: z.record(z.string(), z.string()),
  /** `Test` of HEALTHCHECK as the image has it, `CMD` or `CMD-SHELL` first: an engine runs it again and again. */
  healthcheck: z.array(z.string()).default([]),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/**
 * An image that was resolved once and will not move: everything later names it by digest (invariant I1).
 * `digest` is the manifest digest when there is one, else the config digest.
 */
export const PinnedImage = z.strictObject({
  reference: z.string(),
  digest: Digest,
  digestKind: z.enum(["manifest", "config"]),
  configDigest: Digest,
  manifestDigest: Digest.optional(),
  indexDigest: Digest.optional(),
  platform: Platform,
  config: ImageConfig,
  /** Uncompressed layer digests, lowest first, from the config's `rootfs.diff_ids`. */
  diffIds: z.array(Digest),
  /** Sum of the uncompressed layers, in bytes. */
  sizeBytes: z.number().int().nonnegative(),
});
export type PinnedImage = z.infer<typeof PinnedImage>;
