import { readFile, stat, truncate } from 'node:fs/promises';

/** A log file as it was read. */
export interface ConsoleFile {
  /** Tells it from a later file of the same name: inode numbers are used again. */
  readonly id: string;
  readonly changedAt: bigint;
  readonly bytes: Buffer;
}

/**
 * What an instance's main process wrote. LXC appends it to console.log, over starts and stops; at 128 KiB that becomes console.log.1, and
 * the next begins.
 *
 * Read as files and not over the API: there, each reading empties the buffer, and a second reader finds nothing. When an instance
 * stops, LXC replaces console.log by the newest 128 KiB of this run, so the one before would repeat them.
 */
export async function readConsole(
  folder: string,
  running: boolean,
  limit: number,
): Promise<{ readonly newest: Buffer; readonly current: ConsoleFile | undefined }> {
  const current = await readLog(`${folder}/console.log`);
  const bytes = current?.bytes ?? Buffer.alloc(0);
  if (bytes.length >= limit) return { newest: bytes.subarray(bytes.length - limit), current };
  const before = running ? await readLog(`${folder}/console.log.1`) : undefined;
  // It may have become the one before in between.
  if (before === undefined || before.id === current?.id) return { newest: bytes, current };
  const room = limit - bytes.length;
  return { newest: Buffer.concat([before.bytes.subarray(Math.max(0, before.bytes.length - room)), bytes]), current };
}

/** LXC's own word on why a start failed; Incus only names its log. */
export async function readStartError(folder: string): Promise<string | undefined> {
  const lines = ((await readLog(`${folder}/lxc.log`))?.bytes ?? '').toString().split('\n');
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

/** Undefined where there is none. */
export async function readLog(path: string): Promise<ConsoleFile | undefined> {
  try {
    const { ino, birthtimeNs, mtimeNs } = await stat(path, { bigint: true });
    return { id: `${ino} ${birthtimeNs}`, changedAt: mtimeNs, bytes: await readFile(path) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
