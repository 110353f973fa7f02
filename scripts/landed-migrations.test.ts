import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addChecksums, findChangedMigrations } from './landed-migrations.mjs';

const REPOSITORY = resolve(import.meta.dirname, '..');

describe('a migration that has landed', () => {
  let folder: string;
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const write = (name: string, text: string): void => writeFileSync(join(folder, 'migrations', name), text);
  const land = (message: string): void => {
    addChecksums(folder);
    git('add', '.');
    git('commit', '-q', '-m', message);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tc-landed-'));
    mkdirSync(join(folder, 'migrations'));
    git('init', '-q');
    write('001_one.sql', 'create table one ();\n');
    land('one');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('passes as it is, also when more are added after it', async () => {
    expect(await findChangedMigrations(folder)).toEqual([]);
    write('002_two.sql', 'create table two ();\n');
    expect(await findChangedMigrations(folder)).toEqual([
      'migrations/002_two.sql has no line in migrations/checksums.txt: run npm run gen, and commit the line',
    ]);
    land('two');
    expect(await findChangedMigrations(folder)).toEqual([]);
  });

  test('fails when it is edited, by one byte, and gen does not forgive it', async () => {
    write('001_one.sql', 'create table one ();\n\n');
    addChecksums(folder);
    expect(await findChangedMigrations(folder)).toEqual([
      'migrations/001_one.sql has landed and was edited: leave it as it was and add a new migration',
    ]);
  });

  test('fails when it is removed or renamed', async () => {
    rmSync(join(folder, 'migrations', '001_one.sql'));
    expect(await findChangedMigrations(folder)).toEqual([
      'migrations/001_one.sql has landed and is missing: bring it back',
    ]);
  });

  test('fails when its line is edited along with it, before and after that is committed', async () => {
    rmSync(join(folder, 'migrations', 'checksums.txt'));
    write('001_one.sql', 'create table other ();\n');
    addChecksums(folder);
    const sentence =
      /^migrations\/checksums\.txt: the line of 001_one\.sql is not the one that commit \w+ added: leave/;
    expect(await findChangedMigrations(folder)).toEqual([expect.stringMatching(sentence)]);
    land('forged');
    expect(await findChangedMigrations(folder)).toEqual([expect.stringMatching(sentence)]);
  });

  test('is compared in a shallow clone and without git too', async () => {
    write('002_two.sql', 'create table two ();\n');
    land('two');
    const source = folder;
    folder = mkdtempSync(join(tmpdir(), 'tc-landed-'));
    try {
      git('clone', '-q', '--depth=1', `file://${source}`, '.');
      expect(await findChangedMigrations(folder)).toEqual([]);
      write('001_one.sql', 'edited');
      expect(await findChangedMigrations(folder)).toHaveLength(1);
      rmSync(join(folder, '.git'), { recursive: true });
      expect(await findChangedMigrations(folder)).toHaveLength(1);
    } finally {
      rmSync(source, { recursive: true });
    }
  });

  test("those of the platform are as they landed, and an edit of one fails the platform's own check", async () => {
    expect(await findChangedMigrations(REPOSITORY)).toEqual([]);
    rmSync(join(folder, 'migrations'), { recursive: true });
    cpSync(join(REPOSITORY, 'migrations'), join(folder, 'migrations'), { recursive: true });
    rmSync(join(folder, '.git'), { recursive: true });
    expect(await findChangedMigrations(folder)).toEqual([]);
    writeFileSync(join(folder, 'migrations', '001_identity.sql'), '\n', { flag: 'a' });
    expect(await findChangedMigrations(folder)).toEqual([
      expect.stringContaining('001_identity.sql has landed and was edited'),
    ]);
  });
});
