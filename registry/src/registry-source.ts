import { Fault, type ImageReference } from "@airlock/contracts";
import { authorize } from "./authorization.ts";
import {
  type BlobDescriptor,
  type ByteStream,
  type ContentSource,
  collectBounded,
  MAX_DOCUMENT_BYTES,
} from "./content.ts";
import type { FoundCredentials } from "./credentials.ts";
import { ACCEPTED_TYPES } from "./documents.ts";
import { type HttpClient, isLoopback, readBody, send, statusFault } from "./http.ts";

/** One repository of one registry, spoken to as OCI's distribution specification 1.1 says. Keeps its token. */
export class RegistrySource implements ContentSource {
  readonly #client: HttpClient;
  readonly #reference: ImageReference;
  readonly #findCredentials: () => Promise<FoundCredentials>;
  #base: URL | null = null;
  #authorization: string | null = null;

  constructor(client: HttpClient, reference: ImageReference, find: () => Promise<FoundCredentials>) {
    this.#client = client;
    this.#reference = reference;
    this.#findCredentials = find;
  }

  async readManifest(tagOrDigest: string): Promise<{ bytes: Uint8Array; mediaType: string | null }> {
    const accept = ACCEPTED_TYPES.join(", ");
    const { response, url } = await this.#get(`manifests/${tagOrDigest}`, accept, "such image");
    const bytes = await collectBounded(
      readBody(this.#client, response, url),
      MAX_DOCUMENT_BYTES,
      "the image's manifest",
    );
    const type = response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
    return { bytes, mediaType: ACCEPTED_TYPES.includes(type ?? "") ? (type ?? null) : refuseVersionOne(type) };
  }

  async openBlob(blob: BlobDescriptor): Promise<ByteStream> {
    const { response, url } = await this.#get(`blobs/${blob.digest}`, "*/*", "content that the image names");
    return readBody(this.#client, response, url);
  }

  /** One GET in the repository, authorised when the registry asks for it. */
  async #get(path: string, accept: string, what: string): Promise<{ response: Response; url: URL }> {
    this.#base ??= await this.#findBase();
    const url = new URL(`/v2/${this.#reference.repository}/${path}`, this.#base);
    let response = await this.#send(url, accept);
    if (response.status === 401) {
      await response.body?.cancel();
      // Also when we had a token: it may have run out during a long download.
      await this.#authorize(url, response.headers.get("www-authenticate") ?? "");
      response = await this.#send(url, accept);
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw statusFault(response.status, this.#reference.registry, what);
    }
    return { response, url };
  }

  #send(url: URL, accept: string): Promise<Response> {
    // Hashes are over the bytes as stored: nothing on the way may compress them.
    const headers = new Headers({ accept, "accept-encoding": "identity" });
    if (this.#authorization !== null) headers.set("authorization", this.#authorization);
    return send(this.#client, url, { headers });
  }

  async #authorize(url: URL, challenge: string): Promise<void> {
    const { credentials, problem } = await this.#findCredentials();
    try {
      const { repository } = this.#reference;
      this.#authorization = await authorize(this.#client, { url, challenge, repository, credentials });
    } catch (error) {
      if (!(error instanceof Fault) || problem === null) throw error;
      throw new Fault(error.code, `${error.message}; ${problem}`, { cause: error });
    }
  }

  /** TLS always, but on this host's own addresses plain HTTP where TLS is not spoken, as engines do. */
  async #findBase(): Promise<URL> {
    const host = this.#reference.registry === "docker.io" ? "registry-1.docker.io" : this.#reference.registry;
    const secure = new URL(`https://${host}`);
    if (!isLoopback(secure.hostname)) return secure;
    try {
      const response = await send(this.#client, new URL("/v2/", secure), {});
      await response.body?.cancel();
      return secure;
    } catch (error) {
      if (error instanceof Fault && error.code !== "REGISTRY_UNREACHABLE") throw error;
      return new URL(`http://${host}`);
    }
  }
}

/** Null for a type that says nothing; the first manifest version says it is one, and can't be verified. */
function refuseVersionOne(type: string | undefined): null {
  if (type?.startsWith("application/vnd.docker.distribution.manifest.v1+")) {
    throw new Fault("IMAGE_MALFORMED", "the image has only a manifest of Docker's first version", {
      hint: "Push it again with an engine of this decade.",
    });
  }
  return null;
}
