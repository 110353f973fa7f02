import { readFile, stat, truncate } from 'node:fs/promises';

/**
 * What an instance's main process wrote. LXC writes it to console.log, at most 128 KiB, and keeps the one before as console.log.1.
 *
 * Read as files and not over the API: there, each reading empties the buffer, and a second reader finds nothing. When an instance
 * stops, LXC replaces console.log by its newest 128 KiB, so the one before would repeat them.
 */
export async function readConsole(folder: string, running: boolean, limit: number): Promise<Uint8Array> {
  const current = await readOrEmpty(`${folder}/console.log`);
  if (current.length >= limit) return current.subarray(current.length - limit);
  if (!running) return current;
  const before = await readOrEmpty(`${folder}/console.log.1`);
  const room = limit - current.length;
  return Buffer.concat([before.subarray(Math.max(0, before.length - room)), current]);
}

/** LXC's own word on why a start failed; Incus only names its log. */
export async function readStartError(folder: string): Promise<string | undefined> {
  const lines = (await readOrEmpty(`${folder}/lxc.log`)).toString().split('\n');
  const said = lines.filter((line) => line.includes(' ERROR ')).map((line) => line.slice(line.lastIndexOf(' - ') + 3));
  return said.length === 0 ? undefined : said.slice(0, 3).join('; ').slice(0, 500);
}

/** Bytes. LXC writes some kilobytes for each command that could not be run, and begins anew only at a start. */
const LONGEST_LOG = 1024 ** 2;

/** Empties LXC's log of an instance when it has grown long: a tenant must not fill the host's disk by it. */
export async function boundStartLog(folder: string): Promise<void> {
  const path = `${folder}/lxc.log`;
  try {
    if ((await stat(path)).size > LONGEST_LOG) await truncate(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function readOrEmpty(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
}
