import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMigration, readMigrations } from './migration-file.ts';

const parse = (text: string) => parseMigration('001_test.sql', text);

describe('a migration file', () => {
  it('comes apart into statements, with the lines they start on', () => {
    const migration = parse(`-- what it is for
-- +goose Up
create table a (id int); -- with a comment; after it

-- a comment between
create table b (
  id int -- no end here;
);
-- +goose StatementBegin
do $$ begin
  perform 1;
end $$;
-- +goose StatementEnd
-- +goose StatementBegin
-- +goose StatementEnd

-- +goose down
drop table a;
drop table b;
`);
    expect(migration.up).toEqual([
      { line: 3, text: 'create table a (id int); -- with a comment; after it' },
      { line: 6, text: 'create table b (\n  id int -- no end here;\n);' },
      { line: 10, text: 'do $$ begin\n  perform 1;\nend $$;' },
    ]);
    expect(migration.down.map((statement) => statement.text)).toEqual(['drop table a;', 'drop table b;']);
    expect(migration).toMatchObject({ version: 1, transaction: true });
    expect(migration.checksum).toMatch(/^[0-9a-f]{64}$/);
  });

  it('may go without a transaction, with Windows line ends, without Down', () => {
    expect(parse('-- +goose NO TRANSACTION\r\n-- +goose Up\r\nselect 1;\r\n')).toMatchObject({
      transaction: false,
      up: [{ line: 3, text: 'select 1;' }],
      down: [],
    });
  });

  it.each([
    ['select 1;', /starts with '-- \+goose Up'/],
    ['', /starts with/],
    ['-- +goose Down\nselect 1;', /one Up, then at most one Down/],
    ['-- +goose Up\n-- +goose Up\n', /one Up/],
    ['-- +goose Up\n-- +goose Down\n-- +goose Down\n', /one Up/],
    ['-- +goose Up\nselect 1\n-- +goose Down\n', /line 2: this statement does not end before the next section/],
    ['-- +goose Up\n-- +goose StatementBegin\n-- +goose Down\n', /does not end/],
    ['-- +goose StatementBegin\n', /StatementBegin stands after/],
    ['-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n', /StatementBegin stands after/],
    ['-- +goose Up\nselect 1\n-- +goose StatementBegin\n', /line 2: .*before StatementBegin/],
    ['-- +goose Up\n-- +goose StatementEnd\n', /StatementEnd without/],
    ['-- +goose StatementEnd\n', /StatementEnd without/],
    ['-- +goose Up\n-- +goose StatementBegin\nselect 1;\n', /StatementBegin without StatementEnd/],
    ['-- +goose Up\nselect 1\n', /line 2: this statement has no semicolon/],
    ['-- +goose ENVSUB ON\n-- +goose Up\n', /is not known here/],
    [' -- +goose Up\n', /is not known here/],
    ['-- +goose\n', /is not known here/],
  ])('is refused: %j', (text, problem) => {
    expect(() => parse(text)).toThrow(problem);
  });

  it.each(['first.sql', '0_zero.sql', '1.sql', '99999999999999999999_far.sql'])(
    'is refused with the name %s',
    (name) => {
      expect(() => parseMigration(name, '-- +goose Up\n')).toThrow(/NNN_description/);
    },
  );

  it('has a number of its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    try {
      for (const name of ['002_b.sql', '1_a.sql', '010_c.sql'])
        await writeFile(join(folder, name), '-- +goose Up\nselect 1;\n');
      await writeFile(join(folder, 'README.md'), 'not a migration');
      expect((await readMigrations(folder)).map((migration) => migration.version)).toEqual([1, 2, 10]);
      await writeFile(join(folder, '2_again.sql'), '-- +goose Up\nselect 1;\n');
      await expect(readMigrations(folder)).rejects.toThrow(/same number/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
