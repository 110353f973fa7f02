import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from '../../kernel/files.ts';

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
    replaceFile(path, Buffer.from(JSON.stringify({ number, hash })));
  },
});
