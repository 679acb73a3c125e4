import { constants } from "node:os";
import {
  type DetonationLimits,
  type DetonationPlan,
  Fault,
  type ImageConfig,
  type PinnedImage,
  parseImageReference,
} from "@airlock/contracts";
import { normalizeImagePath, refusePath } from "../image/config-lint.ts";

/** What a submission may change about how the image runs; everything absent is as the image says. */
export interface ArrangeOptions {
  /** Replaces ENTRYPOINT and, as with the engine's own command line, drops the image's CMD. */
  readonly entrypoint?: readonly string[];
  /** Replaces CMD. */
  readonly args?: readonly string[];
  /** `NAME=value`; replaces the image's value of that name. */
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  /** Observation window; 1 second to 1 hour, default 30 seconds. */
  readonly durationMs?: number;
  readonly limits?: Partial<DetonationLimits>;
}

const MiB = 1024 * 1024;

const DEFAULT_LIMITS: DetonationLimits = {
  memoryBytes: 1024 * MiB,
  pids: 512,
  // One CPU: the recorder must keep up on a host with two.
  nanoCpus: 1_000_000_000,
  openFiles: 65_536,
  diskBytes: 1024 * MiB,
  volumeBytes: 256 * MiB,
  volumeInodes: 65_536,
  shmBytes: 64 * MiB,
  outputBytes: MiB,
  captureBytes: 64 * MiB,
  // Whole packets: segments on a veth are up to 64 KiB long.
  captureSnaplen: 65_535,
  traceBytes: 512 * MiB,
  ringBytes: 32 * MiB,
  droppedFileBytes: 16 * MiB,
  droppedFilesBytes: 256 * MiB,
  // A virtual environment or a data folder of a database has thousands, most of them small.
  droppedFiles: 10_000,
};

const DEFAULT_DURATION_MS = 30_000;
/** What `docker stop` grants before it kills: less, and a handler could wait until we no longer look. */
const STOP_GRACE_MS = 10_000;

/**
 * Decides how the image is to be run. Pure.
 * Throws IMAGE_NO_COMMAND, IMAGE_MALFORMED (stop signal), IMAGE_PATH_REFUSED, and USAGE for options that make no sense.
 */
export function arrange(image: PinnedImage, options: ArrangeOptions = {}): DetonationPlan {
  const { config } = image;
  const workdir = chooseWorkdir(config, options);
  return {
    profile: "standard",
    entrypoint: chooseEntrypoint(config, options, workdir),
    env: mergeEnv(config.env, options.env ?? []),
    user: options.user ?? config.user,
    workdir,
    hostname: inventHostname(image),
    exposedPorts: config.exposedPorts.flatMap(readPort),
    volumes: [...new Set(config.volumes.map(normalizeImagePath))].toSorted(),
    durationMs: checkDuration(options.durationMs ?? DEFAULT_DURATION_MS),
    stopSignal: readSignal(config.stopSignal),
    stopGraceMs: STOP_GRACE_MS,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}

function chooseWorkdir(config: ImageConfig, options: ArrangeOptions): string {
  const workdir = normalizeImagePath(options.workdir ?? config.workdir);
  refusePath("working directory", workdir);
  return workdir;
}

function chooseEntrypoint(config: ImageConfig, options: ArrangeOptions, workdir: string): DetonationPlan["entrypoint"] {
  const overridden = options.entrypoint !== undefined;
  const entrypoint = withoutEmpty(options.entrypoint ?? config.entrypoint);
  const command = options.args ?? (overridden ? [] : config.command);
  const argv = [...entrypoint, ...command];
  const program = argv[0] ?? "";
  if (program === "") {
    throw new Fault("IMAGE_NO_COMMAND", "the image has neither an entry point nor a command", {
      hint: "Name a program of the image with --entrypoint.",
    });
  }
  if (argv.some((argument) => argument.includes("\0"))) throw new Fault("USAGE", "an argument holds a NUL character");
  if (program.includes("/")) refusePath("program", program.startsWith("/") ? program : `${workdir}/${program}`);
  return { id: "main", argv, origin: overridden || options.args !== undefined ? "submission" : "image" };
}

/** `ENTRYPOINT [""]` is how an entry point is reset. */
function withoutEmpty(argv: readonly string[]): readonly string[] {
  return argv.length === 1 && argv[0] === "" ? [] : argv;
}

/** The last value of a name wins, in the place of the first. */
function mergeEnv(base: readonly string[], changes: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of changes) {
    if (!/^[^=\0]+=[^\0]*$/.test(entry)) throw new Fault("USAGE", "an environment entry is not NAME=value");
  }
  for (const entry of [...base, ...changes]) merged.set(entry.slice(0, entry.indexOf("=")), entry);
  return [...merged.values()];
}

/** SCTP is left out: nothing here speaks it. */
function readPort(text: string): DetonationPlan["exposedPorts"] {
  const [port, protocol] = text.split("/");
  return protocol === "tcp" || protocol === "udp" ? [{ port: Number(port), protocol }] : [];
}

function checkDuration(durationMs: number): number {
  if (!Number.isInteger(durationMs) || durationMs < 1000 || durationMs > 3_600_000) {
    throw new Fault("USAGE", "the duration must be between 1 second and 1 hour");
  }
  return durationMs;
}

/** `TERM`, `SIGTERM`, `15` or `SIGRTMIN+3`, as an engine takes them. */
function readSignal(text: string): string {
  if (text === "") return "SIGTERM";
  if (/^[1-9]\d?$/.test(text) && Number(text) <= 64) return text;
  const name = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  if (name in constants.signals || /^SIGRTM(IN(\+\d{1,2})?|AX(-\d{1,2})?)$/.test(name)) return name;
  throw new Fault("IMAGE_MALFORMED", "the image's stop signal is no signal");
}

/**
 * A name as Kubernetes gives to pods: 12 hex digits are what samples take for a bare container and so for a sandbox.
 * Made from the digest, so that the same image sees the same name in every run.
 */
function inventHostname(image: PinnedImage): string {
  const bytes = Buffer.from(image.digest.slice("sha256:".length), "hex");
  const letters = Array.from(bytes.subarray(0, 15), (byte) => POD_ALPHABET[byte % POD_ALPHABET.length]).join("");
  return `${applicationName(image)}-${letters.slice(0, 10)}-${letters.slice(10)}`;
}

/** Kubernetes leaves vowels and look-alikes out of generated names. */
const POD_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

function applicationName(image: PinnedImage): string {
  try {
    const { repository } = parseImageReference(image.reference);
    const name = (repository.split("/").at(-1) ?? "").replaceAll(/[^a-z0-9]+/g, "-").slice(0, 20);
    return name.replaceAll(/^-+|-+$/g, "") || "app";
  } catch {
    // An archive's path or an id: no name to take.
    return "app";
  }
}
