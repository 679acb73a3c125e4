import { Fault } from "@airlock/contracts";
import { z } from "zod";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { collectBounded } from "./content.ts";
import type { Credentials } from "./credentials.ts";
import { type HttpClient, isAllowedNext, readBody, send, statusFault } from "./http.ts";

const MAX_TOKEN_BYTES = 1024 * 1024;

export interface AuthorizationRequest {
  /** Address that was refused. */
  readonly url: URL;
  /** Its `WWW-Authenticate`. */
  readonly challenge: string;
  readonly repository: string;
  readonly credentials: Credentials | null;
}

/**
 * Answers a registry's challenge with the value of an Authorization header: Basic, or a Bearer token from the realm it names.
 * Throws REGISTRY_UNAUTHORIZED when there is no way in with what we have, and what the token's server earns.
 */
export async function authorize(client: HttpClient, request: AuthorizationRequest): Promise<string> {
  const challenges = parseChallenges(request.challenge);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) return `Bearer ${await fetchToken(client, request, bearer)}`;
  const { credentials } = request;
  if (challenges.some(({ scheme }) => scheme === "basic") && credentials?.kind === "password") {
    return basic(credentials);
  }
  throw unauthorized(request, "asks for a log-in that we have no credentials for");
}

async function fetchToken(client: HttpClient, request: AuthorizationRequest, challenge: Challenge): Promise<string> {
  const realm = readRealm(request, challenge);
  const scope = `repository:${request.repository}:pull`;
  const service = challenge.parameters.get("service");
  const response =
    request.credentials?.kind === "identity-token"
      ? await send(client, realm, refreshRequest(request.credentials.token, service, scope))
      : await send(client, withQuery(realm, service, scope), passwordRequest(request.credentials));
  if (!response.ok) {
    await response.body?.cancel();
    throw statusFault(response.status === 404 ? 502 : response.status, realm.host, "a token");
  }
  const body = await collectBounded(readBody(client, response, realm), MAX_TOKEN_BYTES, "the token");
  return readToken(request, body);
}

/** Credentials go to the realm, and the registry chose it: only with TLS, or within this host. */
function readRealm(request: AuthorizationRequest, challenge: Challenge): URL {
  const text = challenge.parameters.get("realm") ?? "";
  const realm = URL.canParse(text) ? new URL(text) : null;
  if (realm === null || !isAllowedNext(request.url, realm)) {
    throw unauthorized(request, "sends us for a token to an address that is not allowed");
  }
  return realm;
}

function withQuery(realm: URL, service: string | undefined, scope: string): URL {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  return url;
}

function passwordRequest(credentials: Credentials | null): RequestInit {
  return credentials?.kind === "password" ? { headers: { authorization: basic(credentials) } } : {};
}

/** OAuth 2: an identity token is what a log-in without a stored password leaves. */
function refreshRequest(token: string, service: string | undefined, scope: string): RequestInit {
  const form = {
    grant_type: "refresh_token",
    client_id: "airlock",
    refresh_token: token,
    scope,
    service: service ?? "",
  };
  return { method: "POST", body: new URLSearchParams(form) };
}

const TokenAnswer = z.object({ token: z.string().nullish(), access_token: z.string().nullish() });

function readToken(request: AuthorizationRequest, body: Uint8Array): string {
  const text = Buffer.from(body).toString("utf8");
  let token: string | null | undefined;
  try {
    const answer = TokenAnswer.parse(JSON.parse(text));
    token = answer.token ?? answer.access_token;
  } catch {
    token = null;
  }
  // It goes into a header: anything but visible ASCII is no token.
  if (!token || !/^[\x21-\x7e]+$/.test(token)) throw unauthorized(request, "gave no token that we understand");
  return token;
}

function basic(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`, "utf8").toString("base64")}`;
}

function unauthorized(request: AuthorizationRequest, why: string): Fault {
  return new Fault("REGISTRY_UNAUTHORIZED", `${request.url.host} ${why}`, {
    hint: "It may not exist, or needs `docker login` first.",
  });
}
