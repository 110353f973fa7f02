import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { cloudAgainstFakeServer, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const run = promisify(execFile);
/** Without the variables that override the file. */
const bare = { CLOUD_API_KEY: '', CLOUD_ENDPOINT: '' };
const cloud = (line: string, more: object = {}) => at.cloud(words(line), { env: bare, ...more });
const path = () => join(at.homeDir, '.config/thecloud/config.json');
const config = () => JSON.parse(readFileSync(path(), 'utf8'));

it('a context is an address, a key and a tenant, and the last one made is active', async () => {
  const made = await cloud(`context create ci --endpoint ${at.endpoint}/ --tenant t1 --key-stdin`, {
    stdin: 'secret\n',
  });
  expect(made).toEqual({ code: 0, stdout: '', stderr: "Created the context 'ci' and made it active.\n" });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  await cloud('instances list');
  expect(at.seen[0]!.headers).toMatchObject({ 'x-api-key': 'secret', 'x-tenant-id': 't1' });
  expect((await cloud('context create other --endpoint http://10.0.0.1:8080')).stderr).toContain('Next: cloud login');
  expect((await cloud('context active')).stdout).toBe('other\n');
  const rows = (await cloud('context list')).stdout.split('\n').map((row) => row.split(/ {3,}/));
  expect(rows).toEqual([
    ['ACTIVE', 'NAME', 'ENDPOINT', 'EMAIL', 'TENANT ID', 'LOGGED IN', 'EXPIRES AT'],
    ['-', 'ci', at.endpoint, '-', 't1', 'true', '-'],
    ['*', 'other', 'http://10.0.0.1:8080', '-', '-', 'false', '-'],
    [''],
  ]);
  expect((await cloud('context list -o json')).stdout).not.toContain('secret');
});

it('a flag overrides the environment, which overrides the active context', async () => {
  for (const name of ['a', 'b', 'c'])
    await cloud(`context create ${name} --endpoint ${at.endpoint} --key-stdin`, { stdin: name });
  expect(await cloud('context use a')).toEqual({ code: 0, stdout: '', stderr: '' });
  await cloud('instances list');
  await cloud('instances list', { env: { ...bare, CLOUD_CONTEXT: 'b' } });
  await cloud('instances list --context c', { env: { ...bare, CLOUD_CONTEXT: 'b' } });
  expect(at.seen.map(({ headers }) => headers['x-api-key'])).toEqual(['a', 'b', 'c']);
  expect((await cloud('context active', { env: { ...bare, CLOUD_CONTEXT: 'b' } })).stdout).toBe('b\n');
  expect((await cloud('context use c', { env: { ...bare, CLOUD_CONTEXT: 'b' } })).stderr).toContain("set to 'b'");
});

it('a mistyped context is named with the nearest one, and changes nothing', async () => {
  await cloud(`context create staging --endpoint ${at.endpoint}`);
  const before = readFileSync(path(), 'utf8');
  for (const verb of ['use', 'delete'])
    expect(await cloud(`context ${verb} stagign`)).toEqual({
      code: 4,
      stdout: '',
      stderr: "cloud: context 'stagign' does not exist. Did you mean 'staging'?\n",
    });
  expect(await cloud(`context create staging --endpoint ${at.endpoint}`)).toMatchObject({ code: 5 });
  expect(await cloud('context create x --endpoint nowhere')).toMatchObject({ code: 2 });
  expect(await cloud('context use __proto__')).toMatchObject({ code: 4 });
  expect(readFileSync(path(), 'utf8')).toBe(before);
});

it('a removed context is gone from the file with its key; a terminal asks first', async () => {
  await cloud(`context create ci --endpoint ${at.endpoint} --key-stdin`, { stdin: 'secret' });
  const no = await cloud('context delete ci', { typed: ['n'] });
  expect(no).toMatchObject({ code: 1 });
  expect(no.stderr).toContain("Delete context 'ci'? Its key is not revoked.");
  expect(config().contexts.ci.api_key).toBe('secret');
  expect(await cloud('context delete ci')).toMatchObject({ code: 0 });
  expect(config()).toEqual({ contexts: {} });
  expect(await cloud('context active')).toMatchObject({ code: 1, stdout: '' });
});

it('commands that write at the same time lose nothing', async () => {
  const main = join(import.meta.dirname, '../main.ts');
  const env = { PATH: process.env.PATH!, HOME: at.homeDir };
  const names = Array.from({ length: 8 }, (_, nth) => `c${nth}`);
  await Promise.all(
    names.map((name) => run(process.execPath, [main, 'context', 'create', name, '--endpoint', at.endpoint], { env })),
  );
  expect(Object.keys(config().contexts).sort()).toEqual(names);
});

it('a lock that nobody gives back is named', async () => {
  mkdirSync(join(at.homeDir, '.config/thecloud'), { recursive: true });
  writeFileSync(`${path()}.lock`, '');
  const ended = await cloud(`context create x --endpoint ${at.endpoint}`);
  expect(ended).toMatchObject({ code: 1 });
  expect(ended.stderr).toBe(`cloud: another cloud command holds ${path()}.lock; if none runs, remove that file\n`);
}, 15_000);

it('a file that others may read is closed to them by the next write', async () => {
  await cloud(`context create a --endpoint ${at.endpoint}`);
  chmodSync(path(), 0o644);
  await cloud(`context create b --endpoint ${at.endpoint}`);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});
