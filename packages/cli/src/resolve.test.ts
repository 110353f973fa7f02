import { expect, it } from 'vitest';
import type { Verb } from './table/verb.ts';
import { VERBS } from './table/verbs.ts';
import { cloudAgainstFakeServer, NOT_FOUND, WEB, words } from './testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

const IDS = [
  '01932b4e-7c1a-7a3f-8c2d-5b6e7f809101',
  '01932b4e-7c1a-7b91-9e4f-11aa22bb33cc',
  '01932b4e-7c1a-7b91-9e4f-11aa22bb33dd',
] as const;
const KEYS = IDS.map((id, nth) => ({ id, name: `key-${nth}` }));
/** A platform that finds keys by whole id or name only. */
const findsWhole = () => {
  at.answer = ({ method, path }) => {
    if (method === 'GET' && path === '/auth/keys') return { data: KEYS };
    const ref = path.split('/').at(-1)!;
    return KEYS.some(({ id, name }) => [id, name].includes(ref))
      ? { data: { message: 'revoked' } }
      : { status: 404, error: { code: 'NOT_FOUND', message: `API key '${ref}' does not exist` } };
  };
};

it('a part of an id is enough where the platform knows whole ids only', async () => {
  findsWhole();
  for (const part of ['f8c2d5b6e7f8', 'f8c2d5b6', '01932b4e-7c1a-7a3f', '01932B4E-7C1A-7A']) {
    expect(await at.cloud(['keys', 'revoke', part])).toEqual({ code: 0, stdout: 'revoked\n', stderr: '' });
    expect(at.seen.at(-1)).toMatchObject({ method: 'DELETE', path: `/auth/keys/${IDS[0]}` });
  }
  expect(await at.cloud(['keys', 'revoke', IDS[1]])).toMatchObject({ code: 0 });
});

it('a part that several ids begin with changes nothing; the error lists them', async () => {
  findsWhole();
  const ended = await at.cloud(words('keys revoke 19e4f11aa'));
  expect(ended).toEqual({
    code: 2,
    stdout: '',
    stderr: `cloud: '19e4f11aa' begins 2 ids: ${IDS[1]} (key-1), ${IDS[2]} (key-2); use more digits\n`,
  });
  expect(at.seen.filter(({ method, path }) => method === 'DELETE' && path.length > 40)).toEqual([]);
  expect(await at.cloud(words('keys revoke f8c2d5'))).toMatchObject({ code: 4 });
});

it('a mistyped name in a flag gets a suggestion of its own kind', async () => {
  at.answer = ({ method, path }) =>
    method === 'GET' && path === '/vpcs'
      ? { data: [{ id: IDS[0], name: 'main' }] }
      : { status: 404, error: { code: 'NOT_FOUND', message: "VPC 'mian' does not exist" } };
  const ended = await at.cloud(words('instances launch web --image busybox --vpc-id mian'));
  expect(ended).toEqual({ code: 4, stdout: '', stderr: "cloud: VPC 'mian' does not exist. Did you mean 'main'?\n" });
});

it('a deletion by a part of an id shows the name, and deletes what it showed', async () => {
  at.answer = ({ method }) => (method === 'GET' ? { data: WEB } : { data: { message: 'gone' } });
  const ended = await at.cloud(words('instances delete 01900000-0000 --no-wait'), { typed: ['y'] });
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stderr).toContain(`Delete instance 'web' (${WEB.id})?`);
  expect(at.seen.at(-1)).toMatchObject({ method: 'DELETE', path: `/instances/${WEB.id}` });
  at.answer = () => NOT_FOUND;
  expect(await at.cloud(words('instances delete 01900000-0001'), { typed: [] })).toMatchObject({ code: 4 });
});

it('what wants its name as a confirmation asks for it, and in a script for --confirm', async () => {
  const flags = [{ name: 'confirm', flag: 'confirm', kind: 'string', required: true }] as const;
  const verbs = VERBS.map(
    (verb): Verb => (verb.name === 'vpcs.update' ? { ...verb, summary: 'Close a VPC', verb: 'close', flags } : verb),
  );
  at.answer = () => ({ data: { message: 'closed' } });
  const run = (line: string, typed?: string[]) => at.cloud(words(line), typed ? { typed, verbs } : { verbs });
  const asked = await run('vpcs close main', ['']);
  expect(asked).toMatchObject({ code: 1 });
  expect(asked.stderr).toContain("Close VPC 'main'?");
  expect(asked.stderr).toContain('Type the name to confirm: ');
  const script = await run('vpcs close main');
  expect(script).toMatchObject({ code: 2, stdout: '' });
  expect(script.stderr).toBe('cloud: cloud vpcs close cannot be undone; confirm it with --confirm <name>\n');
  expect(at.seen).toEqual([]);
  expect(await run('vpcs close main', ['Main'])).toMatchObject({ code: 0 });
  expect(await run('vpcs close main --confirm main')).toMatchObject({ code: 0 });
  expect(at.seen.map(({ body }) => body)).toEqual([{ confirm: 'Main' }, { confirm: 'main' }]);
});

it('a part of an id that the first page of a long list has once is not taken for the only one', async () => {
  at.answer = ({ method, path }) =>
    method === 'GET' && path === '/auth/keys'
      ? { data: KEYS, nextCursor: 'more' }
      : { status: 404, error: { code: 'NOT_FOUND', message: `API key 'f8c2d5b6' does not exist` } };
  expect(await at.cloud(words('keys revoke f8c2d5b6'))).toMatchObject({ code: 4, stdout: '' });
  expect(at.seen.filter(({ method, path }) => method === 'DELETE' && path.includes(IDS[0]))).toEqual([]);
});
