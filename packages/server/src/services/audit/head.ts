import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** The last checkpoint that was signed, outside the database. */
export interface Head {
  readonly path: string;
  read(): { readonly number: string; readonly hash: string } | undefined;
  write(head: { readonly number: string; readonly hash: string }): void;
}

/** Keeps it in a file, which is whole or as it was after a power cut. */
export const headIn = (path: string): Head => ({
  path,
  read: () => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined),
  write({ number, hash }) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const beside = `${path}.new`;
    const file = openSync(beside, 'w', 0o600);
    try {
      writeSync(file, JSON.stringify({ number, hash }));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  },
});
