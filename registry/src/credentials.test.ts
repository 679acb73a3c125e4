import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findCredentials } from "./credentials.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "airlock-credentials-"));
});
afterEach(() => rm(folder, { recursive: true }));

const find = (registry: string) =>
  findCredentials(registry, { DOCKER_CONFIG: folder, PATH: `${folder}:/usr/bin:/bin` });
const store = (config: unknown) => writeFile(join(folder, "config.json"), JSON.stringify(config));
const encode = (text: string) => Buffer.from(text).toString("base64");

async function helper(name: string, script: string): Promise<void> {
  await writeFile(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, `docker-credential-${name}`), 0o755);
}

test("no config at all is no credentials and no problem", async () => {
  expect(await find("r.example.org")).toEqual({ credentials: null, problem: null });
});

test("stored log-ins are found under each spelling of the registry", async () => {
  await store({
    auths: {
      "r.example.org:5000": { auth: encode("ann:pass:word") },
      "https://old.example.org/v2/": { auth: encode("bob:x") },
      "https://index.docker.io/v1/": { auth: encode("hub:y") },
      "plain.example.org": { username: "carl", password: "z" },
      "token.example.org": { auth: encode("ignored:"), identitytoken: "idt" },
      "empty.example.org": {},
    },
  });
  const password = (username: string, secret: string) => ({
    credentials: { kind: "password", username, password: secret },
    problem: null,
  });
  expect(await find("r.example.org:5000")).toEqual(password("ann", "pass:word"));
  expect(await find("old.example.org")).toEqual(password("bob", "x"));
  expect(await find("docker.io")).toEqual(password("hub", "y"));
  expect(await find("plain.example.org")).toEqual(password("carl", "z"));
  expect((await find("token.example.org")).credentials).toEqual({ kind: "identity-token", token: "idt" });
  expect((await find("empty.example.org")).credentials).toBeNull();
  expect((await find("r.example.org")).credentials).toBeNull();
});

test("a registry's own helper comes before the common one, which comes before what is stored", async () => {
  await helper("own", `read -r key; printf '{"Username":"own","Secret":"%s"}' "$key"`);
  await helper("common", `read -r key; printf '{"Username":"<token>","Secret":"%s"}' "$key"`);
  await store({
    auths: { "a.example.org": { auth: encode("stored:1") } },
    credHelpers: { "a.example.org": "own" },
    credsStore: "common",
  });
  expect((await find("a.example.org")).credentials).toEqual({
    kind: "password",
    username: "own",
    password: "a.example.org",
  });
  expect((await find("docker.io")).credentials).toEqual({
    kind: "identity-token",
    token: "https://index.docker.io/v1/",
  });
});

test.each([
  ["fails", "echo credentials not found; exit 1"],
  ["talks nonsense", "echo hello"],
  ["talks without end", "cat /dev/zero"],
])("a helper that %s leaves us without credentials, and says so", async (_, script) => {
  await helper("bad", script);
  await store({ credsStore: "bad" });
  const found = await find("r.example.org");
  expect(found.credentials).toBeNull();
  expect(found.problem).toContain("docker-credential-bad");
});

test.each(["../evil", "a b", "-x", "", "x/y", "$(touch x)"])("a helper called %j is never started", async (name) => {
  await store({ credHelpers: { "r.example.org": name } });
  const found = await find("r.example.org");
  expect(found.credentials).toBeNull();
});

test("a missing helper and a broken config are problems, not failures", async () => {
  await store({ credsStore: "there-is-none" });
  expect((await find("r.example.org")).problem).not.toBeNull();
  await writeFile(join(folder, "config.json"), "{");
  expect((await find("r.example.org")).problem).not.toBeNull();
});

test("names that every object has are not taken for helpers or log-ins", async () => {
  await store({ auths: {}, credHelpers: {} });
  expect(await find("constructor")).toEqual({ credentials: null, problem: null });
});
