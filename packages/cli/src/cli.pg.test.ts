import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '@thecloud/sdk';
import { sha256Hex } from '../../server/src/kernel/ids.ts';
import { codeOfStep, stepAt } from '../../server/src/services/identity/totp.ts';
import { EXAMPLE_STATS } from '../../server/src/testing/machines.ts';
import { startTestApi, type TestApi } from '../../server/src/testing/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../../testkit/src/index.ts';
import { openShell, type TestShell } from './testing/test-world.ts';

// The command and the SDK against the real API on a real database. There is no worker: what a reconciler would write, the test writes.

const PASSWORD = 'a long pass phrase';

let database: TestDatabase;
let api: TestApi;
let shell: TestShell;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({
    database,
    live: {
      'instances.logs': {
        stream: async () =>
          (async function* log() {
            yield Buffer.from('booted\n');
          })(),
      },
      'instances.stats': { read: async () => EXAMPLE_STATS },
      'instances.terminal': {
        socket: async () => async (peer) => {
          let said = '';
          for await (const message of peer.messages) {
            said += Buffer.from(message).toString();
            if (said.endsWith('{"type":"eof"}')) break;
          }
          await peer.send(Buffer.from(`\u0001${said}`));
          await peer.send(Buffer.from('\u0002no\n'));
          await peer.send('{"type":"exit","code":5}');
        },
      },
    },
  });
  // A pool has "ended" before its connections have, and dropping the database cuts those: that is no error of a test.
  const heard = new WeakSet();
  api.owner.on('acquire', (client) => {
    if (!heard.has(client)) client.on('error', () => undefined);
    heard.add(client);
  });
  await api.owner.query('select 1');
  shell = openShell({ CLOUD_ENDPOINT: api.url });
});
afterAll(async () => {
  shell.remove();
  await api.stop();
  await database.drop();
});

const cloud = (line: string, options?: Parameters<TestShell['cloud']>[1]) => shell.cloud(line.split(' '), options);
const config = () => JSON.parse(readFileSync(join(shell.homeDir, '.config/thecloud/config.json'), 'utf8'));
const settle = (name: string, status: string) =>
  api.owner.query(
    `update instances set status = $2, observed_version = version, observed_restart = restart_generation where name = $1 and deleted_at is null`,
    [name, status],
  );

it('tells the story of the quick start', async () => {
  const registered = await cloud('register --email ann@example.com --name Ann --password-stdin', {
    stdin: `${PASSWORD}\n`,
  });
  expect(registered).toMatchObject({ code: 0, stdout: '' });
  expect(registered.stderr).toContain('Registered ann@example.com.');
  const me = JSON.parse((await cloud('whoami -o json')).stdout);
  expect(me).toMatchObject({ email: 'ann@example.com', endpoint: api.url, context: 'default' });

  expect((await cloud('vpcs create main --cidr-block 10.7.0.0/16')).stdout).toMatch(/^cidr_block +10\.7\.0\.0\/16$/m);
  const launched = await cloud(
    'instances launch web --image busybox --vpc-id main --label tier=front --env A=1 -o json -- sleep 60',
  );
  expect(launched.stderr).toBe('');
  expect(JSON.parse(launched.stdout)).toMatchObject({
    name: 'web',
    status: 'STARTING',
    env: ['A=1'],
    cmd: ['sleep', '60'],
    labels: { tier: 'front' },
  });
  expect((await cloud('instances list --tag tier:front')).stdout).toMatch(/^[0-9a-f]{12} +web +STARTING +busybox/m);

  const waiting = cloud('instances get web --wait -o json');
  await settle('web', 'RUNNING');
  expect(JSON.parse((await waiting).stdout)).toMatchObject({ status: 'RUNNING' });

  expect((await cloud('instances logs web')).stdout).toBe('booted\n');
  expect((await cloud('instances stats web')).stdout).toMatch(/^cpu_percentage +50\n/m);
  expect(await cloud('instances exec web --timeout 9 -- cat -n', { stdin: 'in' })).toEqual({
    code: 5,
    stdout: '{"type":"command","command":["cat","-n"]}\0in{"type":"eof"}',
    stderr: 'no\n',
  });
  expect((await cloud('instances stop web -o json')).stdout).toContain('"STOPPING"');
  await settle('web', 'STOPPED');
  const stopped = await cloud('instances exec web -- ls');
  expect(stopped).toMatchObject({ code: 5, stdout: '' });
  expect(stopped.stderr).toContain("the instance 'web' is STOPPED; start it");

  expect(await cloud('vpcs delete main')).toMatchObject({ code: 5 });
  expect(await cloud('instances delete web')).toMatchObject({ code: 0 });
  expect(await cloud('instances get wbe')).toMatchObject({ code: 4 });
});

it('tells how much of each quota is used, before it is refused', async () => {
  const all = JSON.parse((await cloud('quotas list -o json')).stdout) as {
    resource: string;
    used: number;
    max: number;
  }[];
  expect(all.map(({ resource }) => resource)).toEqual([...api.registry.quotas.keys()].sort());
  const vpcs = all.find(({ resource }) => resource === 'vpcs')!;
  expect(vpcs).toMatchObject({
    used: JSON.parse((await cloud('vpcs list -o json')).stdout).length,
    max: 2,
    unit: 'VPCs',
  });
  expect((await cloud('whoami')).stdout).toMatch(new RegExp(`quotas  .*vpcs ${vpcs.used} of 2`));
  expect(JSON.parse((await cloud('whoami -o json')).stdout).quotas).toEqual(all);
  expect((await cloud('instances launch --help')).stdout.replaceAll(/\s+/g, ' ')).toContain(
    'Counts against the quotas instances (10 instances), vcpus (8 vCPUs), memory_mb (16384 MB of memory), storage_gb (100 GB of disk). These are the defaults; to see yours: cloud quotas list',
  );
});

it('tells what the server says is wrong', async () => {
  const taken = await cloud('vpcs create main');
  expect(taken).toMatchObject({ code: 5, stdout: '' });
  expect(taken.stderr).toMatch(/^cloud: .*main/);
  const wrong = await cloud('vpcs create other --cidr-block 8.8.8.0/24');
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.stderr).toContain('8.8.8.0/24');
  expect((await cloud('vpcs get mian')).stderr).toBe("cloud: VPC 'mian' does not exist. Did you mean 'main'?\n");
  expect((await cloud('login --email ann@example.com --password-stdin', { stdin: 'wrong pass phrase' })).code).toBe(3);
});

it('walks pages', async () => {
  for (const name of ['a', 'b', 'c']) await cloud(`keys create ${name}`);
  const all = (await cloud('keys list --all -q')).stdout.trim().split('\n');
  expect(all.length).toBeGreaterThanOrEqual(4);
  const first = await cloud('keys list --limit 2 -q');
  const cursor = /--cursor (\S+)/.exec(first.stderr)![1]!;
  const rest = await cloud(`keys list -q --cursor ${cursor}`);
  expect(`${first.stdout}${rest.stdout}`.trim().split('\n')).toEqual(all);
});

it('is the SDK, which makes one thing for one Idempotency-Key', async () => {
  const client = createClient({ endpoint: api.url, apiKey: config().contexts.default.api_key });
  const create = () => client.vpcs.create({ name: 'twice' }, { idempotencyKey: 'once' });
  expect((await create()).id).toBe((await create()).id);
  const seen: string[] = [];
  for await (const vpc of client.vpcs.listAll({ limit: 1 })) seen.push(vpc.name);
  expect(seen.sort()).toEqual(['main', 'twice']);
  await expect(client.vpcs.update({ id: 'twice', name: 'thrice' }, { ifMatch: 99 })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  await expect(client.instances.get('none')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    requestId: expect.any(String),
  });
});

/** Another session of the key's user, whose key and prefix begin as that one's do. */
async function insertLikeSession(key: string, end: string): Promise<string> {
  const other = key.slice(0, -1) + end;
  await api.owner.query(
    `insert into api_keys (user_id, tenant_id, key, name, kind, prefix, expires_at)
     select user_id, tenant_id, $2, name, kind, prefix, expires_at from api_keys where key = $1`,
    [sha256Hex(key), sha256Hex(other)],
  );
  return other;
}

it('ends the session of the one who logs out, and no other', async () => {
  const key = config().contexts.default.api_key as string;
  // Sessions of the same user, older and newer, whose keys begin alike.
  const ends = ['0', '1', '2'].filter((end) => !key.endsWith(end));
  const others = await Promise.all(ends.map((end) => insertLikeSession(key, end)));
  expect((await cloud('logout')).stderr).toBe(`Logged out of ${api.url}.\n`);
  expect(config().contexts.default.api_key).toBeUndefined();
  const after = await cloud('whoami', { env: { CLOUD_API_KEY: key } });
  expect(after).toMatchObject({ code: 3 });
  for (const other of others)
    expect(await cloud('whoami', { env: { CLOUD_API_KEY: other } })).toMatchObject({ code: 0 });
  expect(await cloud('whoami')).toMatchObject({ code: 3 });
  expect((await cloud('logout')).stderr).toContain('is not logged in');
});

it('sets up a second factor, asks for its code, and changes a password, none of it on the command line', async () => {
  const secrets = ['a longer pass phrase', 'another pass phrase yet'] as const;
  await cloud('register --email second@example.com --name Second --password-stdin', { stdin: secrets[0] });
  expect((await cloud('auth update --name Ada')).stdout).toContain('Ada');
  const changed = await cloud('auth change-password', { typed: [secrets[0], secrets[1], secrets[1]] });
  expect(changed).toMatchObject({ code: 0 });
  expect(`${changed.stdout}${changed.stderr}`).not.toContain(secrets[1]);
  const wrong = await cloud('auth change-password --stdin', { stdin: `${secrets[0]}\n${secrets[1]} 2\n` });
  expect(wrong.stderr).toBe('cloud: the password is wrong\n');
  expect(await cloud('auth change-password --stdin', { stdin: secrets[1] })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('must have 2 lines: old_password, new_password'),
  });

  const { secret } = JSON.parse((await cloud('second-factor enrol --stdin -o json', { stdin: secrets[1] })).stdout);
  const code = (steps: number) => codeOfStep(secret, stepAt(Date.now()) + steps);
  const { recovery_codes: recovery } = JSON.parse(
    (await cloud('second-factor confirm --stdin -o json', { stdin: code(-1) })).stdout,
  );
  expect(recovery).toHaveLength(10);
  const login = 'login --email second@example.com';
  expect(await cloud(`${login} --password-stdin`, { stdin: secrets[1] })).toMatchObject({
    stderr: expect.stringContaining('use --code'),
  });
  expect((await cloud(login, { typed: [secrets[1], code(0)] })).stderr).toContain('Logged in at');
  expect((await cloud(`${login} --password-stdin --code ${recovery[0]}`, { stdin: secrets[1] })).code).toBe(0);
  const sessions = JSON.parse((await cloud('sessions list -o json')).stdout) as {
    current: boolean;
    user_agent: string;
  }[];
  expect(sessions.filter(({ current }) => current)).toHaveLength(1);
  expect((await cloud('sessions end-others -o json')).stdout).toContain('"ended": 2');
  expect(await cloud('second-factor disable --stdin', { stdin: recovery[1] })).toMatchObject({ code: 0 });
  const closed = await cloud('auth close --stdin', { stdin: `second@example.com\n${secrets[1]}` });
  expect(closed).toMatchObject({ code: 0 });
  expect(await cloud('whoami')).toMatchObject({ code: 3 });
});
