import { readFile } from "node:fs/promises";
import { Fault, type VerdictLevel } from "@airlock/contracts";
import type { LayerFile, ScratchImage } from "@airlock/sandbox";

/** An image of the demo and what judging it must come to. */
export interface DemoImage {
  readonly title: string;
  readonly expected: VerdictLevel;
  readonly image: ScratchImage;
}

/** Statically linked, hence runs in an image that holds nothing else. */
const BUSYBOX = "/bin/busybox";

const APPLETS = [
  "cat",
  "chmod",
  "env",
  "hostname",
  "httpd",
  "id",
  "ifconfig",
  "nc",
  "nslookup",
  "ps",
  "sh",
  "uname",
  "wget",
];

/** Both images, from busybox and the files of `cli/demo`. Throws IMAGE_NOT_FOUND when busybox isn't installed. */
export async function packDemoImages(): Promise<DemoImage[]> {
  const base = await packBase();
  return [
    {
      title: "a well-behaved web server",
      expected: "benign",
      image: {
        reference: "airlock-demo/web:latest",
        layers: [base, await packWeb()],
        config: {
          Entrypoint: ["/bin/sh", "/entry.sh"],
          Env: ["PATH=/bin"],
          ExposedPorts: { "8080/tcp": {} },
          Labels: { "org.opencontainers.image.title": "Airlock demo: web server" },
        },
      },
    },
    {
      title: "an imitated supply-chain implant",
      expected: "malicious",
      image: {
        reference: "airlock-demo/implant:latest",
        layers: [base, await packImplant()],
        config: {
          Entrypoint: ["/bin/sh", "/entry.sh"],
          Env: ["PATH=/bin", "API_TOKEN=demo-token-of-no-value"],
          ExposedPorts: { "8080/tcp": {} },
          Labels: { "org.opencontainers.image.title": "Airlock demo: imitated implant" },
        },
      },
    },
  ];
}

async function packBase(): Promise<LayerFile[]> {
  const busybox = await readFile(BUSYBOX).catch((error: unknown) => {
    throw new Fault("IMAGE_NOT_FOUND", `the demo images are built from ${BUSYBOX}, which is not there`, {
      cause: error,
      hint: "apt-get install busybox-static",
    });
  });
  return [
    { path: "bin" },
    { path: "bin/busybox", content: busybox },
    ...APPLETS.map((name) => ({ path: `bin/${name}`, linkTo: "busybox" })),
    { path: "etc" },
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\n", mode: 0o644 },
    { path: "etc/group", content: "root:x:0:\n", mode: 0o644 },
    { path: "root", mode: 0o700 },
    { path: "tmp", mode: 0o1777 },
    { path: "var" },
  ];
}

async function packWeb(): Promise<LayerFile[]> {
  return [
    { path: "entry.sh", content: await readDemoFile("web/entry.sh") },
    { path: "srv" },
    { path: "srv/index.html", content: await readDemoFile("web/srv/index.html"), mode: 0o644 },
  ];
}

/** With bait for it to steal: worthless, and written so that nobody takes it for anything else. */
async function packImplant(): Promise<LayerFile[]> {
  return [
    { path: "entry.sh", content: await readDemoFile("implant/entry.sh") },
    { path: "srv" },
    { path: "srv/index.html", content: "<!doctype html>\n<title>payments-api</title>\n", mode: 0o644 },
    { path: "etc/shadow", content: "root:*:19000:0:99999:7:::\n", mode: 0o600 },
    { path: "root/.aws", mode: 0o700 },
    {
      path: "root/.aws/credentials",
      content: "[default]\naws_access_key_id = demo\naws_secret_access_key = demo\n",
      mode: 0o600,
    },
    { path: "root/.ssh", mode: 0o700 },
    { path: "root/.ssh/id_rsa", content: "not a key, but a demonstration\n", mode: 0o600 },
    { path: "root/.ash_history", content: "kubectl get pods\n", mode: 0o600 },
  ];
}

/** As far from `src/demo` as from `dist/demo`. */
async function readDemoFile(path: string): Promise<Buffer> {
  return readFile(new URL(`../../demo/${path}`, import.meta.url));
}
