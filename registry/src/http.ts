import { FAULTS, Fault, printable } from "@airlock/contracts";
import type { ByteStream } from "./content.ts";

/** `fetch`, or something with its form. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export interface HttpClient {
  readonly fetch: Fetch;
  /** Ends everything that is under way. */
  readonly signal: AbortSignal;
  /** Until the response's head is there. */
  readonly headTimeoutMs: number;
  /** Between two pieces of a body: a registry that stalls must not hold a worker. */
  readonly stallTimeoutMs: number;
}

const MAX_REDIRECTS = 5;

/** `localhost`, 127.0.0.0/8 and ::1: the only hosts that are spoken to without TLS, as engines do. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

/**
 * One GET or POST, redirects followed without the Authorization header: storage behind a registry takes its own signed
 * address, and must not learn the token. Throws REGISTRY_UNREACHABLE, REGISTRY_ERROR, INTERRUPTED.
 */
export async function send(client: HttpClient, url: URL, init: RequestInit): Promise<Response> {
  let target = url;
  let request = init;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response: Response = await sendOnce(client, target, request);
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    target = checkedRedirect(target, location);
    const headers = new Headers(request.headers);
    headers.delete("authorization");
    request = { headers };
  }
  throw new Fault("REGISTRY_ERROR", `${url.host} redirects without end`);
}

/** A registry may not send us on to plain HTTP or to this host's own services, unless it is on this host itself. */
function checkedRedirect(from: URL, location: string): URL {
  const target = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (target === null || !isAllowedNext(from, target)) {
    throw new Fault("REGISTRY_ERROR", `${from.host} redirects to an address that is not allowed`);
  }
  return target;
}

/** Whether an address that a registry names may be asked. */
export function isAllowedNext(from: URL, target: URL): boolean {
  if (target.username !== "" || target.password !== "") return false;
  if (isLoopback(target.hostname)) return isLoopback(from.hostname) && /^https?:$/.test(target.protocol);
  return target.protocol === "https:";
}

async function sendOnce(client: HttpClient, url: URL, init: RequestInit): Promise<Response> {
  const headTimeout = new AbortController();
  const timer = setTimeout(() => headTimeout.abort(), client.headTimeoutMs);
  const signal = AbortSignal.any([client.signal, headTimeout.signal]);
  try {
    return await client.fetch(url, { ...init, redirect: "manual", signal });
  } catch (error) {
    throw networkFault(client, url, error);
  } finally {
    clearTimeout(timer);
  }
}

/** A response's body piece by piece; the connection is given up when the reader stops early or the registry stalls. */
export async function* readBody(client: HttpClient, response: Response, url: URL): ByteStream {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await withStallTimeout(client, url, reader.read());
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw networkFault(client, url, error);
  } finally {
    // Not awaited: a peer that doesn't answer must not hold us.
    reader.cancel().catch(() => {});
  }
}

async function withStallTimeout<T>(client: HttpClient, url: URL, reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Fault("REGISTRY_UNREACHABLE", `${url.host} stopped sending in the middle of an answer`));
    }, client.stallTimeoutMs);
  });
  try {
    return await Promise.race([reading, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

function networkFault(client: HttpClient, url: URL, error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (client.signal.aborted) return new Fault("INTERRUPTED", "the download was interrupted", { cause: error });
  const { cause, name } = error as { cause?: { code?: string }; name?: string };
  const reason = name === "AbortError" ? "no answer in time" : (cause?.code ?? name ?? "no reason given");
  return new Fault("REGISTRY_UNREACHABLE", `${url.host} can't be reached (${printable(reason, 80)})`, {
    cause: error,
    hint: "Check the name, the network and the registry's certificate.",
  });
}

/** The fault for an answer that is no success. `what` is what was asked for. */
export function statusFault(status: number, host: string, what: string): Fault {
  if (status === FAULTS.IMAGE_NOT_FOUND.status) return new Fault("IMAGE_NOT_FOUND", `${host} has no ${what}`);
  if (status === 401 || status === 403) {
    return new Fault("REGISTRY_UNAUTHORIZED", `${host} does not let us read ${what}`, {
      hint: "It may not exist, or needs `docker login` first.",
    });
  }
  const hint = status === 429 ? { hint: "The registry's rate limit is used up; log in or try later." } : {};
  return new Fault("REGISTRY_ERROR", `${host} answered ${status} when asked for ${what}`, hint);
}
