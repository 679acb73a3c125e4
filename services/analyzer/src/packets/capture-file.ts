import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { toFault } from "@airlock/contracts";
import { type PcapPacket, parse } from "pcap-parser";
import { type LinkType, RecordGuard } from "./record-guard.ts";

/** One record of a capture. */
export interface CapturedPacket {
  /** Unix time in microseconds: exact in a double, and much cheaper than a bigint for each packet. */
  readonly time: number;
  readonly linkType: LinkType;
  /** Valid during the call only: copy what is to be kept. */
  readonly data: Buffer;
  /** Bytes on the wire; more than `data.length` when the snap length cut the packet. */
  readonly originalLength: number;
}

export interface CaptureSummary {
  readonly packets: number;
  readonly bytes: number;
  readonly truncatedTail: boolean;
  /** Bytes at the end that were not read as packets. */
  readonly tailBytes: number;
}

/**
 * Reads a classic microsecond capture and calls `onPacket` for each record in file order, holding one chunk and one record
 * in memory. Resolves once all was read; a tail that is no record is counted, not an error. Rejects with the fault
 * CAPTURE_FAILED when the file can't be read or is no such capture, and with whatever `onPacket` throws.
 */
export async function readCapture(
  path: string,
  limits: { readonly fileBytes: number; readonly packetBytes: number },
  onPacket: (packet: CapturedPacket) => void,
): Promise<CaptureSummary> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { size } = await file.stat();
    const guard = new RecordGuard(limits.packetBytes);
    const { packets, bytes } = await parseRecords(file, guard, limits.fileBytes, onPacket);
    const tailBytes = guard.tailBytes + Math.max(0, size - limits.fileBytes);
    return { packets, bytes, truncatedTail: tailBytes > 0, tailBytes };
  } catch (error) {
    throw toFault(error, "CAPTURE_FAILED", "reading the capture");
  } finally {
    await file?.close();
  }
}

/** Settles by the pipeline's end and not by the parser's: that one says `end` twice, and after an error too. */
function parseRecords(
  file: FileHandle,
  guard: RecordGuard,
  fileBytes: number,
  onPacket: (packet: CapturedPacket) => void,
): Promise<{ packets: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    let packets = 0;
    let bytes = 0;
    const source = file.createReadStream({ end: fileBytes - 1, highWaterMark: 256 * 1024, autoClose: false });
    const parser = parse(guard);
    parser.on("packet", ({ header, data }: PcapPacket) => {
      if (guard.destroyed || guard.linkType === null) return;
      packets++;
      bytes += data.length;
      try {
        const time = header.timestampSeconds * 1_000_000 + header.timestampMicroseconds;
        onPacket({ time, linkType: guard.linkType, data, originalLength: header.originalLength });
      } catch (error) {
        // Thrown on, it would leave through the stream's internals as an uncaught exception.
        guard.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    parser.on("error", (error) => guard.destroy(error));
    pipeline(source, guard, (error) => (error ? reject(error) : resolve({ packets, bytes })));
  });
}
