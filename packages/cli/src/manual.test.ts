import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ELSEWHERE } from './program.ts';
import { commandOf } from './table/verb.ts';
import { VERBS } from './table/verbs.ts';
import { cloudAgainstFakeServer } from './testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const run = promisify(execFile);

const hasGroff = ['/usr/bin/groff', '/usr/local/bin/groff'].some(existsSync);
if (!hasGroff) console.log('manual pages: groff is not installed; their source is looked at, and not how it reads');

/** What a reader sees, and what groff objects to. */
async function read(words: readonly string[]): Promise<{ text: string; warnings: string }> {
  const page = await at.cloud(['man', ...words]);
  expect(page).toMatchObject({ code: 0, stderr: '' });
  const path = join(at.homeDir, 'page.1');
  writeFileSync(path, page.stdout);
  // Without groff, the source: what it must contain is the same.
  if (!hasGroff) return { text: page.stdout.replaceAll(/\\f[BR]/g, '').replaceAll('\\-', '-'), warnings: '' };
  const { stdout, stderr } = await run('groff', ['-man', '-ww', '-Tutf8', '-P-c', '-P-b', '-P-u', '-rLL=200n', path]);
  return { text: stdout, warnings: stderr };
}

it('every command is in a manual page that groff takes without a warning', async () => {
  const shown = VERBS.filter((verb) => !verb.custom && !ELSEWHERE.includes(verb.name) && verb.service !== 'auth');
  for (const service of new Set(shown.map((verb) => commandOf(verb).split(' ').slice(1, -1).join(' ')))) {
    const { text, warnings } = await read(service.split(' '));
    expect(warnings).toBe('');
    for (const verb of shown.filter((one) => commandOf(one) === `cloud ${service} ${one.verb}`)) {
      expect(text).toContain(`${commandOf(verb)} `);
      for (const { flag, kind } of verb.flags)
        expect(text, verb.name).toContain(`--${flag}${kind === 'boolean' ? '' : ' <'}`);
    }
  }
}, 60_000);

it('the first page lists the resources, the global options and the exit codes', async () => {
  const { text, warnings } = await read([]);
  expect(warnings).toBe('');
  for (const part of ['cloud-instances', 'cloud-context', '--debug', 'CLOUD_CONTEXT', 'config.json', 'EXIT STATUS'])
    expect(text).toContain(part);
  expect(text).not.toContain('__complete');
  expect(await at.cloud(['man', 'instnces'])).toMatchObject({ code: 2, stdout: '' });
});
