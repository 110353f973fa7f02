import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openShell, type TestShell } from '../../testing/test-world.ts';
import type { Finding } from './checks.ts';

let folder: string;
let dataDir: string;
let shell: TestShell;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thecloud-doctor-'));
  chmodSync(folder, 0o711);
  dataDir = join(folder, 'data');
  shell = openShell({ CLOUD_DATA_DIR: dataDir });
});
afterEach(() => {
  shell.remove();
  rmSync(folder, { recursive: true, force: true });
});

const doctor = async (env: Record<string, string> = {}) => {
  const ended = await shell.cloud(['doctor', '-o', 'json'], { env });
  expect(ended.stderr).toBe('');
  const findings = JSON.parse(ended.stdout) as readonly Finding[];
  return { code: ended.code, findings, of: (check: string) => findings.filter((one) => one.check === check) };
};

/** A data folder as a platform leaves it that was started once and stopped. */
function makeDataFolder(): void {
  mkdirSync(join(dataDir, 'secrets'), { recursive: true, mode: 0o700 });
  chmodSync(dataDir, 0o711);
  mkdirSync(join(dataDir, 'logs'), { mode: 0o700 });
  writeFileSync(join(dataDir, 'platform.id'), '01900000-0000-7000-8000-000000000001\n');
  writeFileSync(join(dataDir, 'secrets/master.key'), randomBytes(32), { mode: 0o600 });
  writeFileSync(join(dataDir, 'secrets/database.json'), '{"owner":"not-a-secret"}', { mode: 0o600 });
}

it('examines this machine before the first start, and changes nothing', async () => {
  const { findings, of, code } = await doctor();
  expect(code).toBe(findings.some(({ status }) => status === 'fail') ? 1 : 0);
  expect(of('node')).toMatchObject([{ status: 'ok', message: expect.stringContaining(process.versions.node) }]);
  expect(of('data folder')).toMatchObject([
    { status: 'ok', message: `${dataDir} does not exist yet; the first start makes it` },
  ]);
  expect(of('database')).toMatchObject([{ status: 'ok' }]);
  expect(findings.length).toBeGreaterThan(14);
  expect(readdirSync(folder)).toEqual([]);
});

it('finds nothing wrong with a good data folder, and each fault of a broken one', async () => {
  makeDataFolder();
  expect((await doctor()).of('data folder')).toMatchObject([{ status: 'ok' }]);
  chmodSync(join(dataDir, 'secrets/master.key'), 0o644);
  writeFileSync(join(dataDir, 'secrets/master.key'), 'half');
  rmSync(join(dataDir, 'secrets/database.json'));
  const { of, code } = await doctor();
  expect(code).toBe(1);
  const wanted: Finding[] = [
    {
      check: 'data folder',
      status: 'fail',
      message: expect.stringContaining('have the permissions 644'.replace('have', 'has')),
      mend: `chmod 600 ${dataDir}/secrets/master.key`,
    },
    {
      check: 'data folder',
      status: 'fail',
      message: `${dataDir}/secrets/master.key has 4 bytes and not 32`,
      mend: 'restore it from a backup',
    },
    ...(process.getuid?.() === 0
      ? [
          {
            check: 'data folder',
            status: 'fail' as const,
            message: `${dataDir}/secrets/database.json is missing`,
            mend: expect.stringContaining('backup'),
          },
        ]
      : []),
  ];
  expect(of('data folder')).toEqual(wanted);
});

it('finds a port that another program uses, and who that is', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { of } = await doctor({ CLOUD_LISTEN: `127.0.0.1:${port}` });
  await new Promise((resolve) => server.close(resolve));
  expect(of('ports')).toContainEqual({
    check: 'ports',
    status: 'fail',
    message: expect.stringMatching(new RegExp(`^port ${port} \\(CLOUD_LISTEN\\) is used by `)),
    mend: 'stop that program, or set CLOUD_LISTEN to another port',
  });
  expect((await doctor({ CLOUD_LISTEN: `127.0.0.1:${port}` })).of('ports')).toContainEqual({
    check: 'ports',
    status: 'ok',
    message: `port ${port} (CLOUD_LISTEN) is free`,
  });
});

it('finds a clock that was set back', async () => {
  makeDataFolder();
  writeFileSync(join(dataDir, 'logs/api.log'), 'x');
  const tomorrow = new Date(Date.now() + 86_400_000);
  execFileSync('touch', ['-d', tomorrow.toISOString(), join(dataDir, 'logs/api.log')]);
  expect((await doctor()).of('clock')).toMatchObject([
    { status: 'fail', message: expect.stringContaining('logs/api.log') },
  ]);
});

it('tells a person in lines, and needs no context and no server', async () => {
  const { stdout, code } = await shell.cloud(['doctor', '--data-dir', dataDir], {
    env: { CLOUD_ENDPOINT: 'http://127.0.0.1:1' },
  });
  expect(stdout).toMatch(/^(ok {2}|warn|fail) {2}user +this command /);
  expect(stdout).toMatch(/\n\d+ failed, \d+ warnings, \d+ ok\n$/);
  expect([0, 1]).toContain(code);
  expect(await shell.cloud(['doctor', '--data-dir', 'data'])).toMatchObject({ code: 2 });
});

it('packs what helps, and no secret of any kind that the platform knows', async () => {
  makeDataFolder();
  const rotated = randomBytes(32);
  const [masterKey, owner, smtp] = [randomBytes(32), randomBytes(24).toString('base64url'), 's3cr3t-smtp'];
  const secrets = {
    'the master key as hex': masterKey.toString('hex'),
    'the master key as base64': masterKey.toString('base64'),
    'the next master key as hex': rotated.toString('hex'),
    'the next master key as base64': rotated.toString('base64'),
    "the owner's password": owner,
    "the owner's password in the password file": owner,
    'a password of the database': 'pg-p4ss',
    'the password of the mail server': smtp,
    'a setting that is secret by its name': 'correct-horse',
    'an API key': `thecloud_${randomBytes(16).toString('hex')}`,
    'a session key': `thecloud_${randomBytes(16).toString('hex')}`,
    'an AWS secret': randomBytes(30).toString('base64'),
    'a sealed value': `v1.${randomBytes(12).toString('base64url')}.${randomBytes(48).toString('base64url')}`,
    'a stream ticket': randomBytes(32).toString('hex'),
    'a password reset token': randomBytes(32).toString('base64url'),
    "a user's password": 'Tr0ub4dor&3',
    'a bcrypt hash': '$2b$10$CwTycUXWue0Thq9StjUM0uJ8O2rLk0o1kM4mJ7hO8Z0q0o8eWlJm2',
    'the key of somebody who packs': `thecloud_${randomBytes(16).toString('hex')}`,
  };
  // As while it is rotated.
  const keys = { 1: masterKey.toString('base64'), 2: rotated.toString('base64') };
  writeFileSync(join(dataDir, 'secrets/master.key'), `${JSON.stringify(keys)}\n`);
  writeFileSync(join(dataDir, 'secrets/database.json'), JSON.stringify({ superuser: 'pg-p4ss', owner }));
  writeFileSync(join(dataDir, 'secrets/pgpass'), `/run:5433:thecloud:cloud:${owner}\n`, { mode: 0o600 });
  const planted = Object.entries(secrets).map(([what, secret]) => `${what} is ${secret} here`);
  const lines = [
    '{"level":30,"msg":"the worker has started","host":"box-1a2b3c4d"}',
    ...planted,
    JSON.stringify({
      level: 50,
      password: 'Tr0ub4dor&3',
      body: { new_password: 'Tr0ub4dor&3' },
      'x-api-key': secrets['an API key'],
    }),
    `connecting to smtp://anna:${smtp}@mail.example.com:587`,
    `connecting to postgres://cloud:${encodeURIComponent(owner)}@localhost:5433/thecloud`,
  ];
  for (const name of ['api.log', 'worker.log', 'postgres.log'])
    writeFileSync(join(dataDir, 'logs', name), `${lines.join('\n')}\n`);
  // Cut in the middle of a line that begins with a secret.
  writeFileSync(
    join(dataDir, 'logs', 'long.log'),
    `${secrets['an AWS secret']}${'x'.repeat(100)}\n${'filler of a line\n'.repeat(31_000)}`,
  );
  const metrics = createServer((_, answer) =>
    answer.end(`thecloud_log_lines_dropped 0\n# ${secrets['a session key']}\n`),
  ).listen(0, '127.0.0.1');
  await new Promise((resolve) => metrics.once('listening', resolve));
  const file = join(folder, 'bundle.tar.gz');
  const ended = await shell.cloud(['support-bundle', '--file', file], {
    env: {
      CLOUD_LISTEN: `127.0.0.1:${(metrics.address() as AddressInfo).port}`,
      CLOUD_SMTP_URL: `smtp://anna:${smtp}@mail.example.com:587`,
      CLOUD_API_KEY: secrets['the key of somebody who packs'],
      CLOUD_SOME_TOKEN: secrets['a setting that is secret by its name'],
      CLOUD_REGION: 'eu-test-1',
    },
  });
  await new Promise((resolve) => metrics.close(resolve));
  expect(ended).toMatchObject({
    code: 0,
    stdout: `${file}\n`,
    stderr: expect.stringContaining('Not in it: the database'),
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const out = join(folder, 'out');
  mkdirSync(out);
  execFileSync('tar', ['-xzf', file, '-C', out]);
  const root = join(out, readdirSync(out)[0]!);
  const names = (readdirSync(root, { recursive: true }) as string[]).sort();
  expect(names).toEqual([
    'doctor.json',
    'logs',
    'logs/api.log',
    'logs/long.log',
    'logs/postgres.log',
    'logs/worker.log',
    'metrics.txt',
    'settings.json',
    'versions.json',
  ]);
  const texts = names
    .filter((name) => statSync(join(root, name)).isFile())
    .map((name) => [name, readFileSync(join(root, name), 'utf8')] as const);
  // A password that a person chose is found by its member's name, not by its looks.
  const { "a user's password": chosen, ...others } = secrets;
  for (const [name, text] of texts)
    for (const [what, secret] of Object.entries(others)) expect(text, `${what} in ${name}`).not.toContain(secret);
  const text = new Map(texts);
  expect(text.get('logs/api.log')!.split(chosen)).toHaveLength(2);
  expect(text.get('logs/api.log')).toContain('"msg":"the worker has started","host":"box-1a2b3c4d"');
  expect(text.get('logs/api.log')).toContain('@mail.example.com:587');
  expect(text.get('metrics.txt')).toContain('thecloud_log_lines_dropped 0');
  expect(JSON.parse(text.get('settings.json')!)).toMatchObject({
    CLOUD_REGION: 'eu-test-1',
    CLOUD_API_KEY: '[removed]',
    CLOUD_SMTP_URL: 'smtp://[removed]@mail.example.com:587',
  });
  expect(JSON.parse(text.get('doctor.json')!).length).toBeGreaterThan(14);
  expect(await shell.cloud(['support-bundle', '--file', file])).toMatchObject({
    code: 1,
    stderr: `cloud: ${file} exists; choose another file\n`,
  });
});
