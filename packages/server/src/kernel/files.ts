import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

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

/** Flushes a folder with all that is in it: what is then named or renamed is whole after a power cut. */
export function flushTree(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    flushFolder(join(entry.parentPath, entry.name));
  flushFolder(folder);
}

/** Writes a file that is whole, or as it was before, after a power cut. */
export function replaceFile(path: string, content: Uint8Array): void {
  renameSync(writeBeside(path, content), path);
  flushFolder(dirname(path));
}
