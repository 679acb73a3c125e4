import { Fault } from "./fault.ts";

/**
 * A registry reference in canonical parts, as Docker and containerd read them: `nginx` is `docker.io/library/nginx:latest`.
 * At least one of `tag` and `digest` is there; when both are, the digest decides and the tag is only a note.
 */
export interface ImageReference {
  /** `host` or `host:port`; an IPv6 host in brackets. Lower case. `docker.io` for the Hub. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

const MAX_NAME = 255;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-fA-F:.]{2,45}\\])(?::(\\d{1,5}))?$`);
const HUB = "docker.io";

/** Parses a reference and fills in the defaults. Throws IMAGE_REFERENCE_INVALID. */
export function parseImageReference(text: string): ImageReference {
  if (text.length > MAX_NAME + 1 + 128 + 72) throw invalid("it is too long");
  const [named, digest] = splitDigest(text);
  const [name, tag] = splitTag(named);
  const [registry, repository] = splitRegistry(name);
  if (`${registry}/${repository}`.length > MAX_NAME) throw invalid("its name is longer than 255 characters");
  if (!repository.split("/").every((part) => COMPONENT.test(part))) {
    throw invalid("its name is not lower-case letters, digits and single separators");
  }
  // 64 hex digits would be taken for an image id by the engine.
  if (/^[0-9a-f]{64}$/.test(text)) throw invalid("it is a bare image id");
  return { registry, repository, tag: tag ?? (digest === null ? "latest" : null), digest };
}

/** The one spelling of a reference: `docker.io/library/nginx:latest`. Parsing it gives the same parts again. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === null ? "" : `:${reference.tag}`;
  const digest = reference.digest === null ? "" : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

function splitDigest(text: string): [string, string | null] {
  const at = text.indexOf("@");
  if (at < 0) return [text, null];
  const digest = text.slice(at + 1);
  if (!DIGEST.test(digest)) throw invalid("its digest is not sha256 and 64 lower-case hex digits");
  return [text.slice(0, at), digest];
}

/** The tag's colon is the one after the last slash; any earlier one belongs to a port or an IPv6 host. */
function splitTag(text: string): [string, string | null] {
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  if (colon < 0) return [text, null];
  const tag = text.slice(colon + 1);
  if (!TAG.test(tag)) throw invalid("its tag is not 1 to 128 letters, digits, dots, dashes and underscores");
  return [text.slice(0, colon), tag];
}

/** The first part is a host if it has a dot or a colon, or is `localhost`; a bare name in capitals is refused as a repository. */
function splitRegistry(name: string): [string, string] {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  if (first === "" || !(/[.:[]/.test(first) || first.toLowerCase() === "localhost")) return onHub(name);
  const match = HOST.exec(first);
  if (match === null || (match[1] !== undefined && !isPort(Number(match[1])))) throw invalid("its host is malformed");
  const host = first.toLowerCase();
  if (host === HUB || host === "index.docker.io" || host === "registry-1.docker.io")
    return onHub(name.slice(slash + 1));
  return [host, name.slice(slash + 1)];
}

function onHub(name: string): [string, string] {
  return [HUB, name.includes("/") ? name : `library/${name}`];
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65535;
}

function invalid(why: string): Fault {
  return new Fault("IMAGE_REFERENCE_INVALID", `this is no image reference: ${why}`, {
    hint: "Write NAME[:TAG][@sha256:DIGEST], or docker:NAME, docker-archive:FILE, oci-archive:FILE, oci:DIR.",
  });
}
