import { open, readFile, stat, truncate } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { runCommand } from '../run-command.ts';

/**
 * What an instance's main process wrote: one file, which LXC appends to over starts and stops. Not Incus' own console.log: that is
 * replaced by a buffer's content at each stop. Nor is it turned by LXC, which then loses some hundred bytes in the middle of a line (liblxc 5.0.2
 * writes the rest of a piece from its beginning). It is kept short by us: see trim.
 */
export const CONSOLE_FILE = 'console.out';

/** LXC's configuration of the console. At 64 MiB, which only a flood reaches between two trims, LXC empties the file. */
export const consoleConfig = (folder: string): readonly string[] => [
  `lxc.console.logfile = ${folder}/${CONSOLE_FILE}`,
  // Without a buffer: LXC would replace the file by what is in it when the instance stops.
  'lxc.console.buffer.size =',
  'lxc.console.size = 64MB',
  'lxc.console.rotate = 0',
];

/**
 * Bytes that a log may have before it is trimmed, and that stay: more than an answer has (128 KiB), and more than a flood of 10 MB/s writes
 * while its reader rests.
 */
const TRIM_AT = 4 * 1024 ** 2;
const TRIM_TO = 2.5 * 1024 ** 2;
/** The kernel takes whole blocks out of a file. No block of ext4 and XFS on our machines is longer than 64 KiB. */
const BLOCK = 64 * 1024;
/** Most bytes of one read. */
const MOST_READ = 256 * 1024;

/** Consoles' files. One object reads and trims them, so that a reader knows where it was. */
export class ConsoleLogs {
  /** By path: bytes that were taken from its beginning. */
  readonly #trimmed = new Map<string, number>();
  readonly #turns = new Map<string, Promise<unknown>>();
  /** The file system takes nothing from the beginning of a file. */
  #cannotTrim = false;

  /** The newest `limit` bytes, from the beginning of a line where one begins in them; and the place behind them. */
  readNewest(path: string, limit: number): Promise<{ readonly bytes: Buffer; readonly place: number }> {
    return this.#inTurn(path, async () => {
      const trimmed = this.#trimmed.get(path) ?? 0;
      const size = await sizeOf(path);
      const from = Math.max(0, size - limit);
      const bytes = await readFrom(path, from, size - from);
      return { bytes: from > 0 || trimmed > 0 ? fromLine(bytes) : bytes, place: trimmed + size };
    });
  }

  /**
   * What was written behind a place, 256 KiB at most, and the place behind that. `isGap`: what came directly behind it is no longer kept, and
   * the bytes begin with the first whole line that is.
   */
  readBehind(
    path: string,
    place: number,
  ): Promise<{ readonly bytes: Buffer; readonly place: number; readonly isGap: boolean }> {
    return this.#inTurn(path, async () => {
      const trimmed = this.#trimmed.get(path) ?? 0;
      const size = await sizeOf(path);
      // Shorter than it was: LXC has emptied it.
      const isGap = place < trimmed || place > trimmed + size;
      const from = isGap ? 0 : place - trimmed;
      const bytes = await readFrom(path, from, Math.min(MOST_READ, size - from));
      return { bytes: isGap ? fromLine(bytes) : bytes, place: trimmed + from + bytes.length, isGap };
    });
  }

  /** Ends a line that the run before left open. Nobody else may write to the file during the call. */
  endLine(path: string): Promise<void> {
    return this.#inTurn(path, async () => {
      const size = await sizeOf(path);
      if (size === 0 || (await readFrom(path, size - 1, 1))[0] === 0x0a) return;
      const handle = await open(path, 'a');
      try {
        await handle.write('\r\n');
      } finally {
        await handle.close();
      }
    });
  }

  /**
   * Takes the oldest lines from a long file. The kernel cuts whole blocks from its beginning, in one step, while LXC writes at its end. Where
   * the file system cannot (it is neither ext4 nor XFS), the file grows until LXC empties it.
   */
  async trim(path: string): Promise<void> {
    if (this.#cannotTrim || (await sizeOf(path)) <= TRIM_AT) return;
    await this.#inTurn(path, async () => {
      const length = Math.floor(((await sizeOf(path)) - TRIM_TO) / BLOCK) * BLOCK;
      if (length <= 0) return;
      const words = ['--collapse-range', '--offset', '0', '--length', String(length), path];
      const { code, stderr } = await runCommand('fallocate', words, { okCodes: [0, 1] });
      if (code === 0) this.#trimmed.set(path, (this.#trimmed.get(path) ?? 0) + length);
      else if (/not supported/i.test(stderr)) this.#cannotTrim = true;
      else if ((await sizeOf(path)) > 0) throw new EngineError('failed', `${path} cannot be trimmed: ${stderr.trim()}`);
    });
  }

  forget(path: string): void {
    this.#trimmed.delete(path);
  }

  async #inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(path);
    const mine = (before ?? Promise.resolve()).then(work, work);
    this.#turns.set(path, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(path) === mine) this.#turns.delete(path);
    }
  }
}

/** Without the line that it begins in the middle of; all of it where no other begins. */
function fromLine(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0x0a);
  return end < 0 || end === bytes.length - 1 ? bytes : bytes.subarray(end + 1);
}

const sizeOf = (path: string): Promise<number> => stat(path).then(({ size }) => size, zeroIfMissing);

async function readFrom(path: string, from: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const handle = await open(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function zeroIfMissing(error: unknown): number {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
  throw error;
}

/** LXC's own word on why a start failed; Incus only names its log. */
export async function readStartError(folder: string): Promise<string | undefined> {
  const text = await readFile(`${folder}/lxc.log`, 'utf8').catch((error: unknown) => {
    zeroIfMissing(error);
    return '';
  });
  const said = text
    .split('\n')
    .filter((line) => line.includes(' ERROR '))
    .map((line) => line.slice(line.lastIndexOf(' - ') + 3));
  return said.length === 0 ? undefined : said.slice(0, 3).join('; ').slice(0, 500);
}

/** Bytes. LXC writes some kilobytes for each command that could not be run, and truncates the file only at a start. */
const LONGEST_LOG = 1024 ** 2;

/** Empties LXC's log of an instance when it has grown long: a tenant must not fill the host's disk by it. */
export async function boundStartLog(folder: string): Promise<void> {
  const path = `${folder}/lxc.log`;
  if ((await sizeOf(path)) > LONGEST_LOG) await truncate(path);
}
