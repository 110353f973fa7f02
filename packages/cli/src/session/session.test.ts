import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloudAgainstFakeServer, KEY, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

describe('the config file', () => {
  const write = (text: string) => {
    mkdirSync(join(at.homeDir, '.config/thecloud'), { recursive: true });
    writeFileSync(join(at.homeDir, '.config/thecloud/config.json'), text);
  };
  const bare = { env: { CLOUD_API_KEY: '', CLOUD_ENDPOINT: '' } };

  it('has contexts', async () => {
    const context = (api_key: string) => ({ endpoint: at.endpoint, api_key, tenant_id: `tenant-of-${api_key}` });
    write(JSON.stringify({ current: 'one', contexts: { one: context('1'), two: context('2'), three: context('3') } }));
    await at.cloud(words('instances list'), bare);
    await at.cloud(words('instances list --context two'), bare);
    await at.cloud(words('instances list'), { env: { ...bare.env, CLOUD_CONTEXT: 'three' } });
    expect(at.seen.map(({ headers }) => [headers['x-api-key'], headers['x-tenant-id']])).toEqual([
      ['1', 'tenant-of-1'],
      ['2', 'tenant-of-2'],
      ['3', 'tenant-of-3'],
    ]);
  });

  it('shows a key to its own platform only', async () => {
    write(
      JSON.stringify({ current: 'one', contexts: { one: { endpoint: 'http://10.9.9.9:8080', api_key: 'secret' } } }),
    );
    const ended = await at.cloud(words('instances list'), { env: { CLOUD_API_KEY: '' } });
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stderr).toContain("the context 'one' is for http://10.9.9.9:8080");
    expect(at.seen).toHaveLength(0);
  });

  it('is named where it is broken', async () => {
    write('{');
    expect((await at.cloud(words('instances list'), bare)).stderr).toMatch(/config.json is not valid JSON; repair it/);
  });

  it.each([
    'null',
    '[]',
    '5',
    '{"contexts":5}',
    '{"contexts":{"default":null}}',
    '{"contexts":{"default":{}}}',
    '{"contexts":{"default":{"endpoint":"http://x","api_key":7}}}',
  ])('is named where it is not what a login writes: %s', async (text) => {
    write(text);
    const ended = await at.cloud(words('instances list'), bare);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(
      /^cloud: \S+config.json does not have the expected format; repair it, or remove it and log in again\n$/,
    );
  });

  it('has not the context that was asked for', async () => {
    write(JSON.stringify({ contexts: { one: { endpoint: at.endpoint, api_key: '1' } } }));
    const ended = await at.cloud(words('instances list --context oen'), bare);
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stderr).toContain("context 'oen' does not exist; existing: one");
    expect(ended.stderr).toContain('cloud login --context oen --endpoint');
  });

  it('is told when it cannot be written', async () => {
    at.answer = () => ({ data: { user: { email: 'a@b' }, api_key: KEY, expires_at: '2026-02-01T00:00:00Z' } });
    // Node's own mkdir with `recursive` never comes back from here.
    const ended = await at.cloud(words('login --email a@b --password-stdin'), {
      stdin: 'pass phrase',
      env: { XDG_CONFIG_HOME: '/proc/nothing' },
    });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^cloud: \/proc\/nothing\/thecloud\/config.json cannot be written: ENOENT[^\n]*\n$/);
  });

  it('is written by a login at a terminal, and only its owner may read it', async () => {
    at.answer = () => ({ data: { user: { email: 'a@b' }, api_key: KEY, expires_at: '2026-02-01T00:00:00Z' } });
    const ended = await at.cloud(['login'], { typed: ['a@b', 'pass phrase'], env: { CLOUD_API_KEY: 'an old one' } });
    expect(ended).toMatchObject({ code: 0, stdout: '' });
    expect(ended.stderr).not.toContain('pass phrase');
    expect(at.seen[0]).toMatchObject({ path: '/auth/login', body: { email: 'a@b', password: 'pass phrase' } });
    expect(at.seen[0]!.headers['x-api-key']).toBeUndefined();
    const path = join(at.homeDir, '.config/thecloud/config.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      current: 'default',
      contexts: { default: { api_key: KEY } },
    });
  });

  it('asks nobody where nobody is', async () => {
    expect((await at.cloud(['login'])).stderr).toBe('cloud: cannot ask without a terminal; use --email\n');
    expect((await at.cloud(words('login --email a@b'))).stderr).toBe(
      'cloud: cannot ask without a terminal; use --password-stdin\n',
    );
  });
});
