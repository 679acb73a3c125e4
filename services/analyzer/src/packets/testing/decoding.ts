import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DecodeLimits, decodeCapture, type NetworkObservations } from "../network-observations.ts";
import { type BuiltFrame, buildCapture } from "./capture-builder.ts";

export const SAMPLE = { ip: "10.0.0.2", port: 40_000 };
export const PEER = { ip: "198.51.100.7", port: 443 };

/** Decodes frames, or the bytes of a capture file, through the file system as the real path does. */
export async function decodeFrames(
  frames: readonly (Buffer | BuiltFrame)[] | Buffer,
  limits: Partial<DecodeLimits> = {},
): Promise<NetworkObservations> {
  return await withFile(Buffer.isBuffer(frames) ? frames : buildCapture(frames), (path) =>
    decodeCapture(path, { sampleAddresses: [SAMPLE.ip, "fd00::2"], limits }),
  );
}

export async function withFile<T>(bytes: Buffer, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-capture-"));
  try {
    const path = join(folder, "capture.pcap");
    await writeFile(path, bytes);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}
