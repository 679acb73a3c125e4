import { execFile } from "node:child_process";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** What a log-in leaves that keeps no password: to be exchanged for a token. */
  | { readonly kind: "identity-token"; readonly token: string };

export interface FoundCredentials {
  readonly credentials: Credentials | null;
  /** Why stored credentials could not be used, for people; we then go on without, as the engine's command line does. */
  readonly problem: string | null;
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const HELPER_TIMEOUT_MS = 20_000;
const HELPER_MAX_BYTES = 256 * 1024;
/** Under which Docker's own registry has been stored since before it had its name. */
const HUB_KEY = "https://index.docker.io/v1/";

const ClientConfig = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
type ClientConfig = z.infer<typeof ClientConfig>;

/**
 * Looks up what `docker login` stored for a registry: `credHelpers`, else `credsStore`, else `auths` of
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. Never throws: a broken store means no credentials.
 */
export async function findCredentials(
  registry: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<FoundCredentials> {
  const folder = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  const config = await readClientConfig(join(folder, "config.json"));
  if (typeof config === "string") return { credentials: null, problem: config };
  const key = registry === "docker.io" ? HUB_KEY : registry;
  const helper = ownValue(config.credHelpers, key) ?? ownValue(config.credHelpers, registry) ?? config.credsStore;
  if (helper) return askHelper(helper, key, env);
  return { credentials: findStored(config, registry), problem: null };
}

/** The config, or what is wrong with it. A missing file is an empty config. */
async function readClientConfig(path: string): Promise<ClientConfig | string> {
  try {
    const file = await open(path, "r");
    try {
      const buffer = Buffer.alloc(MAX_CONFIG_BYTES);
      const { bytesRead } = await file.read(buffer, 0, MAX_CONFIG_BYTES, 0);
      return ClientConfig.parse(JSON.parse(buffer.toString("utf8", 0, bytesRead)));
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    return "the engine client's config.json can't be read";
  }
}

/** Keys have been written as a host, as an address, and with a version behind it. */
function findStored(config: ClientConfig, registry: string): Credentials | null {
  const match = Object.entries(config.auths ?? {}).find(([key]) => hostOfKey(key) === registry);
  if (match === undefined) return null;
  const [, stored] = match;
  if (stored.identitytoken) return { kind: "identity-token", token: stored.identitytoken };
  const decoded = Buffer.from(stored.auth ?? "", "base64")
    .toString("utf8")
    .replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  const username = colon > 0 ? decoded.slice(0, colon) : (stored.username ?? "");
  const password = colon > 0 ? decoded.slice(colon + 1) : (stored.password ?? "");
  return username === "" ? null : { kind: "password", username, password };
}

function hostOfKey(key: string): string {
  const host = (key.replace(/^https?:\/\//, "").split("/")[0] ?? "").toLowerCase();
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** The protocol of docker-credential-helpers: the address on standard input, JSON or an error's text on standard output. */
async function askHelper(name: string, key: string, env: NodeJS.ProcessEnv): Promise<FoundCredentials> {
  // The name becomes part of a program's: no folder, no option, nothing a path lookup could be led away by.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    return { credentials: null, problem: "the credential helper has an impossible name" };
  }
  const output = await runHelper(`docker-credential-${name}`, key, env);
  if (output === null) return { credentials: null, problem: `docker-credential-${name} has none for it, or failed` };
  try {
    const { Username, Secret } = HelperAnswer.parse(JSON.parse(output));
    if (Username === "<token>") return { credentials: { kind: "identity-token", token: Secret }, problem: null };
    return { credentials: { kind: "password", username: Username, password: Secret }, problem: null };
  } catch {
    return { credentials: null, problem: `docker-credential-${name} gave an answer that we don't understand` };
  }
}

/** Standard output, or null when the helper is missing, fails (which "not found" is, too), is slow or talks too much. */
function runHelper(program: string, input: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  return new Promise((resolve) => {
    const limits = { timeout: HELPER_TIMEOUT_MS, killSignal: "SIGKILL", maxBuffer: HELPER_MAX_BYTES } as const;
    const child = execFile(program, ["get"], { ...limits, env, encoding: "utf8" }, (error, stdout) => {
      resolve(error === null ? stdout : null);
    });
    // A helper that ends without reading must not end us.
    child.stdin?.on("error", () => {});
    child.stdin?.end(`${input}\n`);
  });
}

function ownValue<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
