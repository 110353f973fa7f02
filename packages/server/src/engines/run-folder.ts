import { rm, rmdir } from 'node:fs/promises';
import type { PlatformNames } from './names.ts';

/** Removes what only a running incusd needs, and the platform's folder under /run once nothing else is in it. Never follows a mount. */
export async function removeRunFolder(names: PlatformNames): Promise<void> {
  for (const file of ['subuid', 'subgid']) await rm(`${names.runDir}/${file}`, { force: true });
  for (const folder of ['sys', '']) {
    await rmdir(`${names.runDir}/${folder}`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY' && error.code !== 'EBUSY') throw error;
    });
  }
}
