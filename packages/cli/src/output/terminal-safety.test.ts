import { expect, it } from 'vitest';
import { cloudAgainstFakeServer, WEB, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
/** Sets the title of a terminal, in the seven-bit and the eight-bit form, and turns the direction of a line around. */
const EVIL = 'web\u001b]0;owned\u0007\u009d0;owned\u009c\u202e\r';
/** What a terminal obeys, beside the end of a line. */
// oxlint-disable-next-line no-control-regex
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

it.each([
  [400, 2],
  [401, 3],
  [409, 5],
  [500, 8],
])('what a server says with %i is shown, and no terminal obeys it', async (status, code) => {
  at.answer = () => ({ status, error: { code: 'OTHER', message: `'${EVIL}'\ncloud: done` } });
  const ended = await at.cloud(words('instances launch web --image busybox'));
  expect(ended.code).toBe(code);
  expect(ended.stderr).not.toMatch(OBEYED);
  expect(ended.stderr).toContain(String.raw`'web\x1b]0;owned\x07`);
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
});

it('the reason of a resource that failed is shown, and no terminal obeys it', async () => {
  at.answer = () => ({ data: { ...WEB, status: 'ERROR', status_reason: EVIL } });
  const ended = await at.cloud(words('instances launch web --image busybox --wait'));
  expect(ended.code).toBe(1);
  expect(ended.stderr).not.toMatch(OBEYED);
  expect(ended.stderr).toContain(String.raw`is ERROR: web\x1b]0;owned`);
});

it.each(['json', 'yaml', 'table', 'name'])('no terminal obeys a name in a list as %s', async (format) => {
  at.answer = () => ({ data: [{ ...WEB, name: EVIL }] });
  const { stdout } = await at.cloud(['instances', 'list', '-o', format]);
  expect(stdout).not.toMatch(OBEYED);
  if (format === 'json') expect((JSON.parse(stdout) as { name: string }[])[0]!.name).toBe(EVIL);
});

it('no terminal obeys JSON that `api` prints', async () => {
  at.answer = () => ({ data: EVIL });
  const { stdout } = await at.cloud(words('api GET /instances'));
  expect(stdout).not.toMatch(OBEYED);
  expect((JSON.parse(stdout) as { data: string }).data).toBe(EVIL);
});
