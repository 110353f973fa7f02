import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes and flushes a new file next to `path`, readable by this user only. Answers its path. */
export function writeBeside(path: string, content: Uint8Array): string {
  const beside = `${path}.${process.pid}.new`;
  rmSync(beside, { force: true });
  const descriptor = openSync(beside, 'wx', 0o600);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return beside;
}

/** Flushes which names a folder holds: a file that was made or renamed there is there after a power cut. */
export function flushFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file that is whole, or as it was before, after a power cut. */
export function replaceFile(path: string, content: Uint8Array): void {
  renameSync(writeBeside(path, content), path);
  flushFolder(dirname(path));
}
