import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Verb } from '../table/verb.ts';
import { VERBS } from '../table/verbs.ts';
import { cloudAgainstFakeServer, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const ACME = '01932b4e-7c1a-7a3f-8c2d-5b6e7f809101';
const id = { name: 'id', flag: 'id', kind: 'string', required: true, names: 'tenant' } as const;
const base = { service: 'tenants', summary: 'x', scope: 'user', args: [id], flags: [], columns: [], target: 'id' };
/** The verbs of tenants, whether or not the table has them yet. */
const verbs: readonly Verb[] = [
  ...VERBS.filter(({ service }) => service !== 'tenants'),
  { ...base, name: 'tenants.get', verb: 'get', effect: 'read', method: 'GET', path: '/tenants/:id' },
  { ...base, name: 'tenants.switch', verb: 'switch', effect: 'action', method: 'POST', path: '/tenants/:id/switch' },
];

it('a switch holds for the next command of the context, and of no other', async () => {
  const env = { CLOUD_API_KEY: '', CLOUD_ENDPOINT: '' };
  const cloud = (line: string, stdin?: string) => at.cloud(words(line), { env, verbs, ...(stdin ? { stdin } : {}) });
  at.answer = ({ method }) => ({ data: method === 'GET' ? { id: ACME, name: 'acme' } : { message: 'switched' } });
  for (const name of ['other', 'mine'])
    await cloud(`context create ${name} --endpoint ${at.endpoint} --tenant old --key-stdin`, `key of ${name}`);
  expect(await cloud('tenants switch acme')).toEqual({ code: 0, stdout: 'switched\n', stderr: '' });
  expect(at.seen.at(-1)).toMatchObject({ method: 'POST', path: `/tenants/${ACME}/switch` });
  await cloud('vpcs get main');
  expect(at.seen.at(-1)!.headers['x-tenant-id']).toBe(ACME);
  const config = JSON.parse(readFileSync(join(at.homeDir, '.config/thecloud/config.json'), 'utf8'));
  expect(config.contexts.other.tenant_id).toBe('old');
  // A refused switch changes nothing.
  at.answer = () => ({ status: 403, error: { code: 'FORBIDDEN', message: 'you are not a member' } });
  expect(await cloud('tenants switch else')).toMatchObject({ code: 3 });
  expect(JSON.parse(readFileSync(join(at.homeDir, '.config/thecloud/config.json'), 'utf8'))).toEqual(config);
});
