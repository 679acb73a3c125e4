import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ImageArchive, type LayerFile, packLayer } from "@airlock/sandbox";
import { REPOSITORY } from "../e2e/command.ts";
import { openTestEngine } from "./test-engine.ts";

const run = promisify(execFile);

export interface DebianImage {
  readonly packages: readonly string[];
  readonly files: readonly LayerFile[];
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Builds an image of real Debian packages, from the host's own release and package source, as its base layer and `files` on top.
 * The base is kept in `.airlock/test-images`, for debootstrap takes the better part of a minute.
 */
export async function buildDebianImage(reference: string, image: DebianImage): Promise<void> {
  const base = await bootstrap(image.packages);
  const top = await packLayer(image.files);
  const diffIds = [await hashFile(base), createHash("sha256").update(top).digest("hex")];
  const config = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      config: image.config,
      rootfs: { type: "layers", diff_ids: diffIds.map((id) => `sha256:${id}`) },
    }),
  );
  const archive = new ImageArchive();
  const loaded = (await openTestEngine()).load(archive.stream);
  await archive.addLayer("base.tar", (await stat(base)).size, createReadStream(base));
  await archive.addLayer(
    "top.tar",
    top.length,
    (async function* () {
      yield top;
    })(),
  );
  archive.finish(config, reference, ["base.tar", "top.tar"]);
  await loaded;
}

/** Path of a tar with the release's minimal system and the packages. */
async function bootstrap(packages: readonly string[]): Promise<string> {
  const { suite, mirror } = await readPackageSource();
  const folder = join(REPOSITORY, ".airlock", "test-images");
  const tar = join(folder, `${suite}-${[...packages].toSorted().join("-")}.tar`);
  if (await exists(tar)) return tar;
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "debootstrap-"));
  try {
    const root = join(work, "root");
    await run("debootstrap", ["--variant=minbase", `--include=${packages.join(",")}`, suite, root, mirror], BIG);
    // Device nodes are the engine's to make; caches are dead weight in an image.
    await run(
      "tar",
      [
        "-C",
        root,
        "--exclude=./dev/*",
        "--exclude=./proc/*",
        "--exclude=./sys/*",
        "--exclude=./var/cache/apt/*",
        "--exclude=./var/lib/apt/lists/*",
        "--sort=name",
        "-cf",
        join(work, "root.tar"),
        ".",
      ],
      BIG,
    );
    // Under its name only when whole: a run that is killed half-way must not leave a base for the next.
    await rename(join(work, "root.tar"), tar);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tar;
}

const BIG = { maxBuffer: 64 * 1024 * 1024 };

/** Release and mirror as this host's apt has them. */
async function readPackageSource(): Promise<{ suite: string; mirror: string }> {
  const release = await readFile("/etc/os-release", "utf8");
  const suite = /^VERSION_CODENAME=(\S+)$/m.exec(release)?.[1];
  const { stdout } = await run("apt-get", ["indextargets", "--format", "$(SITE)", "Created-By: Packages"], BIG);
  const mirror = stdout.split("\n").find((site) => /\/debian\/?$/.test(site));
  if (suite === undefined || mirror === undefined)
    throw new Error("this host's Debian release and mirror can't be found");
  return { suite, mirror };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
