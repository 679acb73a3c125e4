import { readFile } from "node:fs/promises";
import { buildImage, type LayerFile } from "@airlock/sandbox";
import { openTestEngine } from "./test-engine.ts";

export interface BusyboxImage {
  /** ENTRYPOINT, in exec form. */
  readonly command: readonly string[];
  readonly files?: readonly LayerFile[];
  readonly config?: Readonly<Record<string, unknown>>;
}

const APPLETS = [
  "cat",
  "chmod",
  "cp",
  "echo",
  "httpd",
  "mkdir",
  "mv",
  "nc",
  "nslookup",
  "rm",
  "sh",
  "sleep",
  "touch",
  "wget",
  "yes",
  "dd",
];

/** Builds an image of busybox and a few files into the local engine under the given name. */
export async function buildTestImage(reference: string, image: BusyboxImage): Promise<void> {
  const busybox = await readFile("/bin/busybox");
  const layer: LayerFile[] = [
    { path: "bin" },
    { path: "bin/busybox", content: busybox },
    ...APPLETS.map((name) => ({ path: `bin/${name}`, linkTo: "busybox" })),
    { path: "etc" },
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\n", mode: 0o644 },
    { path: "etc/shadow", content: "root:*:19000:0:99999:7:::\n", mode: 0o600 },
    { path: "root", mode: 0o700 },
    { path: "tmp", mode: 0o1777 },
    ...(image.files ?? []),
  ];
  await buildImage(await openTestEngine(), {
    reference,
    layers: [layer],
    config: { Entrypoint: image.command, Env: ["PATH=/bin"], ...image.config },
  });
}

/** Removes an image that `buildTestImage` or its Debian counterpart made. */
export async function removeTestImage(reference: string): Promise<void> {
  await (await openTestEngine()).remove(reference);
}
