import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** A real registry of a test's own, on a free port of loopback, with its storage in a temporary folder. */
export interface LocalRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Copies an image in; `source` is in skopeo's notation, such as `docker-archive:FILE`. */
  push(source: string, name: string, options?: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** The log-in that a registry started with `login: true` asks for. */
export const LOCAL_LOGIN = { kind: "password", username: "ann", password: "secret" } as const;
const LOCAL_LOGIN_HASH = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

/** Starts Debian's `docker-registry`; it ends with us, even if we are killed. */
export async function startRegistry(options: { login?: boolean } = {}): Promise<LocalRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-registry-"));
  await writeFile(join(folder, "htpasswd"), `${LOCAL_LOGIN.username}:${LOCAL_LOGIN_HASH}\n`);
  await writeFile(join(folder, "config.yml"), JSON.stringify(registryConfig(folder, options.login === true)));
  const command = ["--pdeathsig", "KILL", "docker-registry", "serve", join(folder, "config.yml")];
  const child = spawn("setpriv", command, { stdio: ["ignore", "ignore", "pipe"] });
  const host = await readAddress(child.stderr);
  return {
    host,
    push: (source, name, pushOptions = []) => push(`${host}/${name}`, source, pushOptions),
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await rm(folder, { recursive: true });
    },
  };
}

/** JSON is YAML. Port 0 lets the kernel choose; the log then says which. */
function registryConfig(folder: string, login: boolean): object {
  const auth = login ? { auth: { htpasswd: { realm: "local", path: join(folder, "htpasswd") } } } : {};
  return {
    version: 0.1,
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(folder, "storage") } },
    http: { addr: "127.0.0.1:0" },
    ...auth,
  };
}

async function readAddress(log: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: log });
  for await (const line of lines) {
    const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (address === undefined) continue;
    log.resume();
    return address;
  }
  throw new Error("the registry ended before it listened");
}

async function push(target: string, source: string, options: readonly string[]): Promise<void> {
  const login = [`--dest-creds=${LOCAL_LOGIN.username}:${LOCAL_LOGIN.password}`, "--dest-tls-verify=false"];
  await promisify(execFile)("skopeo", [
    "copy",
    "--quiet",
    "--insecure-policy",
    ...login,
    ...options,
    source,
    `docker://${target}`,
  ]);
}
