import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { flushTree } from '../kernel/files.ts';
import { openToAll } from './bundle.ts';

/**
 * The folder of the built console, copied to `appDir` if that is given. Undefined, and said why: it cannot be built. A cloud without its console
 * is still a cloud.
 */
export async function findConsole(
  ensureConsole: () => Promise<string>,
  say: (line: string) => void,
  appDir?: string,
): Promise<string | undefined> {
  try {
    const built = await ensureConsole();
    return appDir === undefined ? built : provide(built, appDir);
  } catch (error) {
    say(`the console could not be built, so there is none: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** A copy in the data folder: the API's user may not be able to read the checkout. Made once for each build. */
function provide(built: string, appDir: string): string {
  const name = `console-${basename(built)}`;
  const folder = join(appDir, name);
  if (!existsSync(folder)) {
    const beside = `${folder}.new`;
    rmSync(beside, { recursive: true, force: true });
    cpSync(built, beside, { recursive: true });
    openToAll(beside);
    // It has its name only when it is on the disk: a power cut must not leave it with empty files.
    flushTree(beside);
    renameSync(beside, folder);
  }
  for (const other of readdirSync(appDir))
    if (other.startsWith('console-') && other !== name) rmSync(join(appDir, other), { recursive: true, force: true });
  return folder;
}
