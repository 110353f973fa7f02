import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findMissingTests } from './threats.mjs';

const root = mkdtempSync(join(tmpdir(), 'thecloud-threats-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
writeFileSync(
  join(root, 'a.test.ts'),
  `describe('all', () => {
  it('holds', () => {});
  it.each([[1, (2)]])("each of %s isn't free", () => {});
  when(!isPublic)('is refused', async () => {});
  const other = ['no test'];
  // it('was here once')
});`,
);
const page = (...lines: string[]) => ['# Security', '', '## Strangers', '', ...lines, ''].join('\n');

test('the tests that the page names are there, whatever their form', () => {
  const lines = ['holds', "each of %s isn't free", 'is refused'].map((title) => `- \`a.test.ts\`: ${title}`);
  expect(findMissingTests(page('### A threat', '', 'What it is.', '', ...lines, '', '## Next'), root)).toEqual([]);
});

test('one that is gone, renamed or in another file is told, and so is a threat that nothing holds', () => {
  const lines = [
    '### First',
    '- `a.test.ts`: hold',
    '- `b.test.ts`: holds',
    '- `a.test.ts`: no test',
    '### Second',
    'Words.',
  ];
  expect(findMissingTests(page(...lines), root)).toEqual([
    '"First" names a test that a.test.ts does not have: hold',
    '"First" names b.test.ts, which does not exist',
    '"First" names a test that a.test.ts does not have: no test',
    '"Second" names no test',
  ]);
  expect(findMissingTests('# Nothing', root)).toEqual(['the page has no threats']);
});
