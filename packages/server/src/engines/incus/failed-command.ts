import { open, stat } from 'node:fs/promises';
import type { IncusClient } from './incus-client.ts';

/** A command as it was to be begun. */
export interface BegunCommand {
  readonly client: IncusClient;
  readonly project: string;
  /** The instance's. */
  readonly name: string;
  readonly program: string;
  /** The value of its PATH. */
  readonly path: string;
  readonly cwd: string;
  /** LXC's log of the instance, and its size in bytes when the command began. */
  readonly log: { readonly file: string; readonly size: number };
}

/** How a shell ends where a command cannot be begun, and what it says. */
export interface FailedCommand {
  readonly exitCode: 126 | 127;
  readonly complaint: string;
}

/** Codes with which Incus ends a command that could not be begun. A command may end with each of them, too. */
export const SUSPECT_CODES: ReadonlySet<number> = new Set([126, 127, 255]);

/** Most of the log that is read, in bytes: what LXC writes of a few hundred commands. */
const MOST_LOG = 256 * 1024;
/** Most folders of a PATH in which the program is looked for. */
const MOST_FOLDERS = 20;

/** Why a command did not begin; undefined where it did. LXC's log tells: its exit code may be the command's own. */
export async function explainFailure(begun: BegunCommand): Promise<FailedCommand | undefined> {
  const { program } = begun;
  const said = await reasonFor(begun);
  const failed = (exitCode: FailedCommand['exitCode'], why: string): FailedCommand => ({
    exitCode,
    complaint: `${program}: ${why}\n`,
  });
  switch (said) {
    case undefined:
      return undefined;
    case 'No such file or directory':
    case 'Not a directory':
      if ((await typeOf(begun)) === undefined) return failed(127, 'command not found');
      return failed(126, 'its interpreter does not exist in this instance (see its first line, or its loader)');
    case 'Permission denied':
      if ((await typeOf(begun)) === 'directory') return failed(126, 'is a directory');
      return failed(126, 'permission denied; it may lack the right to be executed (chmod +x)');
    case 'Exec format error':
      return failed(126, 'wrong format: neither a program for this machine nor a script that begins with #!');
    default:
      return failed(126, said.toLowerCase());
  }
}

/** LXC's words of the kernel's error. */
async function reasonFor({ program, log }: BegunCommand): Promise<string | undefined> {
  const text = await readSince(log.file, log.size);
  const mark = ` - Failed to exec "${program.split('\n', 1)[0]!.slice(0, 200)}`;
  const line = text.split('\n').findLast((one) => one.includes(mark));
  return line === undefined ? undefined : / - ([^-]+)$/.exec(line.slice(0, line.lastIndexOf(mark)))?.[1];
}

async function readSince(file: string, size: number): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const now = (await handle.stat()).size;
    // It may have been emptied since.
    const from = Math.max(now < size ? 0 : size, now - MOST_LOG);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(now - from), 0, now - from, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Zero where there is no log yet. */
export const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

/** What the program is: `file`, `directory` or `symlink`; undefined where there is nothing of its name. */
async function typeOf({ client, project, name, program, path, cwd }: BegunCommand): Promise<string | undefined> {
  const folders = program.includes('/') ? [cwd] : path.split(':').slice(0, MOST_FOLDERS);
  for (const folder of folders) {
    const type = await client.typeOfFile(name, program.startsWith('/') ? program : `${folder}/${program}`, { project });
    if (type !== undefined) return type;
  }
  return undefined;
}
