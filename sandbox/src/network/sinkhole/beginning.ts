import type { Duplex } from "node:stream";
import { BOUNDS } from "./bounds.ts";
import { type Application, isBlank, recognise, skipBlanks } from "./first-bytes.ts";

export interface Beginning {
  /** Called once, with what came so far but for blanks before a text, which is put back into the stream before. */
  readonly onRecognised: (application: Application, head: Buffer) => void;
  /** The client ended before that; `head` is all there ever was. */
  readonly onEnded: (head: Buffer) => void;
  /** The client says nothing, or blank lines only: time for the server to speak first. True when it did. */
  readonly onSilence: () => boolean;
}

/** Reads a stream until its first bytes tell the protocol, or can no longer. */
export function readBeginning(stream: Duplex, beginning: Beginning): void {
  let head: Buffer = Buffer.alloc(0);
  let settled = false;
  let greeted = false;
  let patience = setTimeout(() => {
    greeted = beginning.onSilence();
  }, BOUNDS.greetingMs);
  const settle = (application: Application) => {
    if (settled) return;
    settled = true;
    clearTimeout(patience);
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.off("close", onClose);
    stream.pause();
    if (stream.destroyed) return;
    stream.unshift(head);
    beginning.onRecognised(application, head);
  };
  const onData = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    if (isBlank(head) && !greeted) {
      // Any number may come before something is said: they cost no memory, nor the time of putting them together.
      if (head.length > BOUNDS.blankBytes) head = head.subarray(0, BOUNDS.blankBytes);
      return;
    }
    head = skipBlanks(head);
    const isFull = head.length >= BOUNDS.recogniseBytes;
    const application = recognise(head) ?? (isFull || isBlank(head) ? "unknown" : null);
    if (application !== null) {
      settle(application);
      return;
    }
    clearTimeout(patience);
    patience = setTimeout(() => settle("unknown"), BOUNDS.recogniseMs);
  };
  const onEnd = () => {
    settled = true;
    clearTimeout(patience);
    beginning.onEnded(head);
  };
  const onClose = () => {
    settled = true;
    clearTimeout(patience);
  };
  stream.on("data", onData);
  stream.on("end", onEnd);
  stream.on("close", onClose);
  // A stream handed on by another protocol was paused, and a listener alone doesn't wake that.
  stream.resume();
}
