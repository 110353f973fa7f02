import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DescribedOperation } from '../../sdk/src/generator/described.ts';
import { generateCli } from './generate.ts';
import { ELSEWHERE } from './program.ts';
import { commandOf } from './table/verb.ts';
import { VERBS } from './table/verbs.ts';

it('tells of every command', () => {
  const operations = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../api/operations.json'), 'utf8'),
  ) as DescribedOperation[];
  const text = generateCli(operations).get('docs/reference/cli.md')!;
  for (const verb of VERBS.filter((one) => !ELSEWHERE.includes(one.name)))
    expect(text).toContain(`### ${commandOf(verb)}\n`);
  expect(text).toContain('Usage: cloud instances launch <name> [options] [-- cmd...]');
  expect(text).toContain('Needs the permission `instance:launch`.');
  expect(text).not.toContain('__complete');
});
