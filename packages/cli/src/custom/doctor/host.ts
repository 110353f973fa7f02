import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of programs that only root has in its path, and of PostgreSQL's own. */
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** Milliseconds after which a program that says nothing is given up. */
const TIMEOUT_MS = 5_000;
/** Bytes of a program's output. */
const MOST_OUTPUT = 4 * 1024 * 1024;

export interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  /** Why it failed, in one line. */
  readonly said: string;
}

/** Runs a program with an argument array, never a shell. Does not throw: a program that is missing has failed. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {},
): Promise<Ran> {
  const env = { PATH: FOLDERS.join(':'), LC_ALL: 'C', ...options.env };
  return new Promise((resolve) => {
    // A program that hangs may not heed a request to end.
    const limits = {
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      killSignal: 'SIGKILL' as const,
      maxBuffer: MOST_OUTPUT,
      env,
    };
    execFile(program, [...args], limits, (error, stdout, stderr) => {
      const said = error ? (stderr.trim() || error.message).split('\n')[0]!.slice(0, 300) : '';
      resolve({ ok: error === null, stdout, said });
    });
  });
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there, or not ours to read: a fact that is missing.
    return undefined;
  }
}

export function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The first of these files that exists. */
export const findFile = (paths: readonly string[]): string | undefined => paths.find((path) => existsSync(path));
export const findProgram = (name: string): string | undefined => findFile(FOLDERS.map((folder) => join(folder, name)));

export interface SeenProcess {
  readonly pid: number;
  readonly words: string;
}

/** All processes but this one and its parents, with their command lines. */
export function listProcesses(): readonly SeenProcess[] {
  const own = new Set([process.pid, process.ppid]);
  return listNames('/proc')
    .filter((name) => /^\d+$/.test(name) && !own.has(Number(name)))
    .flatMap((name) => {
      const words = readText(`/proc/${name}/cmdline`)?.replaceAll('\0', ' ').trim();
      return words ? [{ pid: Number(name), words }] : [];
    });
}

/** Inodes of the sockets that listen on a TCP port, on any address. */
export function listenersOn(port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    (readText(file) ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      // 0A: it listens.
      .filter((fields) => fields[1]?.endsWith(wanted) && fields[3] === '0A')
      .map((fields) => fields[9]!),
  );
}

/** The process that holds one of these sockets. Undefined: it belongs to a user whose files are not ours to see. */
export function findHolder(inodes: readonly string[], processes: readonly SeenProcess[]): SeenProcess | undefined {
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`));
  return processes.find(({ pid }) =>
    listNames(`/proc/${pid}/fd`).some((descriptor) => {
      try {
        return links.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
      } catch {
        return false;
      }
    }),
  );
}
