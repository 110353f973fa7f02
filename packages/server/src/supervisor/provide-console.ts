import { closeSync, cpSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openToAll } from './bundle.ts';

/** A copy of the built console in the data folder: the API's user may not be able to read the checkout. Made once for each build. */
export function provideConsole(built: string, appDir: string): string {
  const name = `console-${basename(built)}`;
  const folder = join(appDir, name);
  if (!existsSync(folder)) {
    const beside = `${folder}.new`;
    rmSync(beside, { recursive: true, force: true });
    cpSync(built, beside, { recursive: true });
    openToAll(beside);
    flush(beside);
    renameSync(beside, folder);
  }
  for (const other of readdirSync(appDir))
    if (other.startsWith('console-') && other !== name) rmSync(join(appDir, other), { recursive: true, force: true });
  return folder;
}

/** It has its name only when it is on the disk: a power cut must not leave it with empty files. */
function flush(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const descriptor = openSync(join(entry.parentPath, entry.name), 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}
