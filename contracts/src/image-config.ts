import { z } from "zod";
import { Fault } from "./fault.ts";
import type { ImageConfig } from "./image.ts";

/**
 * The run settings of an image as OCI configs and the engine's inspect answers both write them. Only the fields that are
 * used are asked for; every other one may be anything. Go writes empty lists and maps as null.
 */
const texts = z.array(z.string()).nullish();
const set = z.record(z.string(), z.unknown()).nullish();
const RunSettings = z.object({
  Entrypoint: texts,
  Cmd: texts,
  Env: texts,
  User: z.string().nullish(),
  WorkingDir: z.string().nullish(),
  ExposedPorts: set,
  Volumes: set,
  StopSignal: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  Healthcheck: z.object({ Test: texts }).nullish(),
});

/**
 * Reads the `config` object of an OCI image config or `Config` of an engine's inspect answer; absent means all empty.
 * Throws IMAGE_MALFORMED when a used field has the wrong form or holds a NUL, which no system call can carry.
 */
export function readImageConfig(settings: unknown): ImageConfig {
  const parsed = RunSettings.safeParse(settings ?? {});
  if (!parsed.success) {
    throw new Fault("IMAGE_MALFORMED", `the image's config is malformed at ${where(parsed.error)}`);
  }
  const read = parsed.data;
  const config: ImageConfig = {
    entrypoint: read.Entrypoint ?? [],
    command: read.Cmd ?? [],
    // An entry without "=" means "unset" to the engine, and nothing is set before it.
    env: (read.Env ?? []).filter((entry) => entry.indexOf("=") > 0),
    user: read.User ?? "",
    workdir: read.WorkingDir ?? "",
    exposedPorts: expandPorts(Object.keys(read.ExposedPorts ?? {})),
    volumes: Object.keys(read.Volumes ?? {}),
    stopSignal: read.StopSignal ?? "",
    labels: read.Labels ?? {},
    healthcheck: read.Healthcheck?.Test ?? [],
  };
  refuseNul(config);
  return config;
}

/** `8080`, `53/udp` or `8000-8010/tcp`, each once. Many wide ranges in a small config would be an amplification. */
function expandPorts(keys: readonly string[]): string[] {
  const ports = new Set<string>();
  let expanded = 0;
  for (const key of keys) {
    const [, first, last, protocol] = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(key.toLowerCase()) ?? [];
    const from = Number(first);
    const to = Number(last ?? first);
    expanded += to - from + 1;
    if (first === undefined || from < 1 || to > 65535 || to < from || expanded > MAX_PORTS) {
      throw new Fault("IMAGE_MALFORMED", "the image exposes something that is no port, or too many");
    }
    for (let port = from; port <= to; port++) ports.add(`${port}/${protocol ?? "tcp"}`);
  }
  return [...ports];
}

/** All of TCP, UDP and SCTP. */
const MAX_PORTS = 3 * 65535;

function refuseNul(config: ImageConfig): void {
  const all = [...config.entrypoint, ...config.command, ...config.env, ...config.volumes, ...config.healthcheck];
  if ([...all, config.user, config.workdir, config.stopSignal].some((text) => text.includes("\0"))) {
    throw new Fault("IMAGE_MALFORMED", "the image's config holds a NUL character");
  }
}

/** Path of the first wrong field; keys come from the image, so only their number of levels and our own names are shown. */
function where(error: z.ZodError): string {
  return String(error.issues[0]?.path[0] ?? "its top");
}
