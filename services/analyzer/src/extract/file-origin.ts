import type { FileOrigin, LayerEntry, Recording, TraceFile } from "@airlock/contracts";

export interface FileOrigins {
  ofFile(file: TraceFile): FileOrigin;
  /** By name alone, for attempts and for scripts; undefined when nothing is known. */
  ofPath(path: string): FileOrigin | undefined;
  /** Content hash at the end of the run, known for files of the writable layer. */
  sha256(path: string): string | undefined;
  /** Of what the image has at that path, known for executed files and for changed ones. */
  imageSha256(path: string): string | undefined;
  /** Kind of content at the end of the run, known for files of the writable layer. */
  contentType(path: string): string | undefined;
  /** Remembers what the kernel said about a path, so that a later question by name has an answer. */
  note(path: string, origin: FileOrigin): void;
}

/** Statfs magics of file systems without stored files. */
const VIRTUAL_MAGICS: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x1cd1, // devpts
  0x19800202, // mqueue
  0x50495045, // pipefs
  0x534f434b, // sockfs
  0x09041934, // anon_inode
  0x6e736673, // nsfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0xcafe4a11, // bpf
]);

const VIRTUAL_FOLDERS = ["/proc", "/sys", "/dev"];

/** Bind mounts that the engine makes; writable by the sample, part of neither image nor writable layer. */
const ENGINE_FILES: ReadonlySet<string> = new Set(["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"]);

/** Most paths whose origin is remembered; beyond it a script's origin may stay unknown, nothing else. */
const MOST_NOTES = 200_000;

/** Answers where a file came from, by the kernel's word and by the writable layer as it was at the end. */
export function createFileOrigins(recording: Recording): FileOrigins {
  const entries = new Map<string, LayerEntry>(recording.layer.map((entry) => [entry.path, entry]));
  const volumes = recording.plan.volumes.map((volume) => volume.replace(/\/+$/, ""));
  const imagePrograms = new Map((recording.imagePrograms ?? []).map(({ path, sha256 }) => [path, sha256]));
  const noted = new Map<string, FileOrigin>();

  /** An upper file whose path the image had is the image's file, changed; deleted later does not make it new. */
  const ofEntry = (path: string): FileOrigin | undefined => {
    const entry = entries.get(path);
    if (entry === undefined || entry.where !== "layer") return undefined;
    return entry.change === "added" ? "upper" : "copied-up";
  };
  const ofPlace = (path: string): FileOrigin | undefined => {
    if (volumes.some((volume) => isInside(path, volume))) return "volume";
    // Shared memory starts empty in every run, so whatever is in it was made in this one.
    if (path.startsWith("/dev/shm/")) return "upper";
    if (ENGINE_FILES.has(path) || VIRTUAL_FOLDERS.some((folder) => isInside(path, folder))) return "virtual";
    return undefined;
  };

  return {
    ofFile(file) {
      if (file.memfd) return "memfd";
      if (VIRTUAL_MAGICS.has(file.magic)) return "virtual";
      if (file.deleted) return "deleted";
      if (file.layer === "lower") return "image";
      // One that was changed and then changed back is in no list of changes.
      if (file.layer === "upper") return ofEntry(file.path) ?? (imagePrograms.has(file.path) ? "copied-up" : "upper");
      return ofPlace(file.path) ?? "unknown";
    },
    ofPath: (path) => ofPlace(path) ?? ofEntry(path) ?? noted.get(path),
    sha256(path) {
      const entry = entries.get(path);
      return entry?.change === "deleted" ? undefined : entry?.sha256;
    },
    imageSha256: (path) => imagePrograms.get(path) ?? entries.get(path)?.imageSha256,
    contentType: (path) => entries.get(path)?.contentType,
    note(path, origin) {
      if (noted.size < MOST_NOTES || noted.has(path)) noted.set(path, origin);
    },
  };
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
