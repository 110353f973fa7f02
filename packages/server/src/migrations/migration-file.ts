import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One statement of a migration; `line` is where it starts in its file, from 1. */
export interface MigrationStatement {
  readonly line: number;
  readonly text: string;
}

/** A file of migrations/, taken apart as goose does it. */
export interface Migration {
  /** The number before the first underscore. */
  readonly version: number;
  readonly file: string;
  /** SHA-256 of the file's bytes, hex. */
  readonly checksum: string;
  /** False with `-- +goose NO TRANSACTION`. */
  readonly transaction: boolean;
  readonly up: readonly MigrationStatement[];
  readonly down: readonly MigrationStatement[];
}

/** A migration that cannot be read or run. The message is for people: the file, the line, what is wrong. */
export class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationError';
  }
}

/** Reads NNN_description.sql files in order of their numbers. Throws MigrationError for a number used twice and for what goose would refuse. */
export async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file) => parseMigration(file, await readFile(join(folder, file), 'utf8'))),
  );
  migrations.sort((a, b) => a.version - b.version);
  migrations.forEach((migration, place) => {
    const before = migrations[place - 1];
    if (before?.version === migration.version) {
      throw new MigrationError(
        `${before.file} and ${migration.file} have the same number: renumber one that has not run anywhere yet`,
      );
    }
  });
  return migrations;
}

/**
 * Takes one file apart by goose's rules: a statement ends at a line whose last word before a comment ends in a semicolon, or at
 * StatementEnd. ENVSUB is refused: a migration is the same everywhere.
 */
export function parseMigration(file: string, content: string): Migration {
  const number = /^(\d+)_[^/]*\.sql$/.exec(file)?.[1];
  if (number === undefined || Number(number) < 1 || !Number.isSafeInteger(Number(number))) {
    throw new MigrationError(`${file}: a migration is named NNN_description.sql, with a number from 1`);
  }
  const sections: Record<'up' | 'down', MigrationStatement[]> = { up: [], down: [] };
  let section: 'up' | 'down' | undefined;
  let block = false;
  let transaction = true;
  let started = 0;
  let pending: string[] = [];
  const wrong = (line: number, problem: string) => new MigrationError(`${file} line ${line}: ${problem}`);

  const lines = content.split(/\r?\n/);
  lines.forEach((text, index) => {
    const line = index + 1;
    const trimmed = text.trim();
    if (trimmed.startsWith('--') && trimmed.includes('+goose')) {
      const word = readAnnotation(text);
      if (word === 'up' || word === 'down') {
        if (block || pending.length > 0) throw wrong(started, 'this statement does not end before the next section');
        if (word === 'up' ? section !== undefined : section !== 'up')
          throw wrong(line, 'a migration has one Up, then at most one Down');
        section = word;
      } else if (word === 'statementbegin') {
        if (section === undefined || block)
          throw wrong(line, 'StatementBegin stands after Up or Down, and not within another');
        if (pending.length > 0) throw wrong(started, 'this statement does not end before StatementBegin');
        block = true;
      } else if (word === 'statementend') {
        if (section === undefined || !block) throw wrong(line, 'StatementEnd without StatementBegin');
        if (pending.length > 0) sections[section].push({ line: started, text: pending.join('\n').trim() });
        pending = [];
        block = false;
      } else if (word === 'no transaction') {
        transaction = false;
      } else {
        throw wrong(line, `'${trimmed}' is not known here (Up, Down, StatementBegin, StatementEnd, NO TRANSACTION)`);
      }
      return;
    }
    if (pending.length === 0 && (trimmed === '' || trimmed.startsWith('--'))) return;
    if (section === undefined) throw wrong(line, "a migration starts with '-- +goose Up'");
    if (pending.length === 0) started = line;
    pending.push(text);
    if (!block && endsStatement(text)) {
      sections[section].push({ line: started, text: pending.join('\n').trim() });
      pending = [];
    }
  });
  if (section === undefined) throw wrong(1, "a migration starts with '-- +goose Up'");
  if (block) throw wrong(lines.length, 'StatementBegin without StatementEnd');
  if (pending.length > 0) throw wrong(started, 'this statement has no semicolon at the end of a line');
  return {
    version: Number(number),
    file,
    checksum: createHash('sha256').update(content).digest('hex'),
    transaction,
    up: sections.up,
    down: sections.down,
  };
}

/** The annotation's words in lower case. Goose wants it at the very start of the line. */
const readAnnotation = (line: string): string | undefined => /^--\s*\+goose\s+(.*?)\s*$/.exec(line)?.[1]?.toLowerCase();

function endsStatement(line: string): boolean {
  const words = line.split(/\s+/).filter((word) => word !== '');
  const comment = words.findIndex((word) => word.startsWith('--'));
  return (comment === -1 ? words : words.slice(0, comment)).at(-1)?.endsWith(';') ?? false;
}
