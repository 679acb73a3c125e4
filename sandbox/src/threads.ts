import { readdirSync, readlinkSync } from "node:fs";

/**
 * Folders of /proc for the living threads of a process. The first thread of a process may have ended while others go on
 * (pthread_exit in main): then /proc/PID itself shows a corpse without program, files or namespaces. Empty when all are gone.
 */
export function listThreads(pid: number): string[] {
  const folder = `/proc/${pid}/task`;
  return listNames(folder)
    .map((tid) => `${folder}/${tid}`)
    .filter(isAlive);
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A thread that has ended has no program any more. */
function isAlive(thread: string): boolean {
  try {
    readlinkSync(`${thread}/exe`);
    return true;
  } catch {
    return false;
  }
}
