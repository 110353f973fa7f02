import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replaceFile } from '../kernel/files.ts';
import { parseMasterKeys, serializeMasterKeys } from '../kernel/master-keys.ts';
import { checkExternalDatabase } from './check-database.ts';
import { findProcessesIn, startOf } from './processes.ts';
import { userOf } from './system-users.ts';
import {
  makeDataDir,
  pathIn,
  type PlatformProcess,
  removeDataDir,
  startPlatformProcess,
  until,
} from './testing/platform-process.ts';

const isRoot = process.getuid?.() === 0;

interface Seen {
  readonly uid: number;
  readonly databaseUsers: readonly string[];
  readonly keyHash: string;
  readonly platformId: string;
  readonly ownerUrl?: string;
  readonly environment: readonly string[];
}

const ask = async (address: string): Promise<Seen> => (await (await fetch(address)).json()) as Seen;

const pidsOf = (platform: PlatformProcess): Record<string, number> =>
  Object.fromEntries(
    (JSON.parse(/^processes (.*)$/m.exec(platform.output())?.[1] ?? '[]') as { name: string; pid: number }[]).map(
      ({ name, pid }) => [name, pid],
    ),
  );

/** One data folder; the tests follow each other as the days of a platform do. */
describe('a platform on its own PostgreSQL', () => {
  let dataDir: string;
  let platform: PlatformProcess;
  const start = () => startPlatformProcess({ CLOUD_DATA_DIR: dataDir });

  /** Of API and worker, as they are now. */
  const livePids = (): Record<string, number> =>
    Object.fromEntries(
      (JSON.parse(readFileSync(pathIn(dataDir, 'run/processes.json'), 'utf8')) as { name: string; pid: number }[]).map(
        ({ name, pid }) => [name, pid],
      ),
    );

  beforeAll(() => {
    dataDir = makeDataDir();
  });
  afterAll(async () => {
    platform?.kill('SIGKILL');
    await platform?.exit;
    await removeDataDir(dataDir);
  }, 60_000);

  test('first start: least privilege, secrets by hand-over only', { timeout: 60_000 }, async () => {
    platform = start();
    const seen = await ask(await platform.ready);
    expect(seen.databaseUsers).toEqual(['cloud_api', 'cloud_operator', 'cloud_data']);
    expect(seen.ownerUrl).toBeUndefined();
    expect(seen.environment.toSorted()).toEqual(['LANG', 'PATH', 'TZ']);
    const key = readFileSync(pathIn(dataDir, 'secrets/master.key'));
    expect(key).toHaveLength(32);
    expect(seen.keyHash).toBe(createHash('sha256').update(key).digest('hex'));
    expect(seen.platformId).toBe(readFileSync(pathIn(dataDir, 'platform.id'), 'utf8').trim());
    expect(statSync(pathIn(dataDir, 'secrets')).mode & 0o777).toBe(0o700);
    expect(statSync(pathIn(dataDir, 'secrets/master.key')).mode & 0o777).toBe(0o600);
    expect(statSync(pathIn(dataDir, 'run/worker')).mode & 0o777).toBe(0o710);
    if (isRoot) expect(seen.uid).not.toBe(0);
  });

  test('a new master key in the file reaches the processes that run, and those that are started again', async () => {
    const path = pathIn(dataDir, 'secrets/master.key');
    const keys = parseMasterKeys(readFileSync(path));
    const hashOf = (key: Uint8Array) => createHash('sha256').update(key).digest('hex');
    const given = async () => (await ask(await platform.ready)).keyHash;
    const reaches = async (key: Uint8Array) => {
      for (let n = 0; n < 60 && (await given()) !== hashOf(key); n++) await pause(100);
      expect(await given()).toBe(hashOf(key));
    };
    const second = new Uint8Array(32).fill(2);
    replaceFile(path, serializeMasterKeys(new Map([...keys, [2, second]])));
    await reaches(second);
    // Of a file that cannot be used nothing is taken.
    replaceFile(path, Buffer.from('{"3": "short"}'));
    await pause(1_500);
    expect(await given()).toBe(hashOf(second));
    replaceFile(path, keys.get(1)!);
    await reaches(keys.get(1)!);
  });

  test.runIf(isRoot)(
    'nobody reads the memory or environment of the API, also not as its own user, which no other platform has',
    async () => {
      const { uid } = await ask(await platform.ready);
      const api = pidsOf(platform)['api'];
      const read = (path: string) => spawnSync('head', ['-c', '1', path], { uid, gid: uid, encoding: 'utf8' });
      expect(read('/proc/self/environ')).toMatchObject({ status: 0 });
      for (const file of ['environ', 'mem', 'maps', 'fd/0'])
        expect(read(`/proc/${api}/${file}`).stderr).toContain('Permission denied');
      const status = readFileSync(`/proc/${api}/status`, 'utf8');
      expect(status).toMatch(/^Groups:\s*$/m);
      expect(status).toMatch(/^CapEff:\s+0+$/m);
      expect(userOf(dataDir).uid).toBe(uid);
      expect(userOf(pathIn(dataDir, 'run')).uid).not.toBe(uid);
    },
  );

  test('nobody else locks the data folder', () => {
    expect(statSync(pathIn(dataDir, 'lock')).mode & 0o777).toBe(0o600);
    if (!isRoot) return;
    const lock = spawnSync('flock', ['-n', pathIn(dataDir, 'lock'), 'true'], {
      uid: 65_534,
      gid: 65_534,
      encoding: 'utf8',
    });
    expect(lock.stderr).toContain('Permission denied');
  });

  test('no value of a statement is in the log of PostgreSQL, whether it fails or takes long, nor a password', async () => {
    const passwords = JSON.parse(readFileSync(pathIn(dataDir, 'secrets/database.json'), 'utf8')) as Record<
      string,
      string
    >;
    const port = Number(readFileSync(pathIn(dataDir, 'secrets/pgpass'), 'utf8').split(':')[1]);
    const login = {
      host: '127.0.0.1',
      port,
      user: 'postgres',
      database: 'thecloud',
      password: passwords['superuser']!,
    };
    const client = new pg.Client(login);
    await client.connect();
    // Also if the operator has everything logged; the next starts of this folder are, too.
    await client.query("alter system set log_statement = 'all'");
    await client.query('select pg_reload_conf()');
    await client.query('set log_min_duration_statement = 0');
    const secret = 'hush-hush-7391';
    await client.query('select $1::text as slow', [secret]);
    await client.query(`create temp table t (a text check (a = ''))`);
    await expect(client.query('insert into t values ($1)', [secret])).rejects.toThrow('violates check constraint');
    await client.end();
    const log = () => readFileSync(pathIn(dataDir, 'logs/postgres.log'), 'utf8');
    await until('both are logged', () => /duration: .*as slow/.test(log()) && log().includes('violates check'));
    expect(log()).not.toContain(secret);
    for (const password of Object.values(passwords)) expect(log()).not.toContain(password);
  });

  test('a second start on the same folder is refused in one line', async () => {
    const second = start();
    expect(await second.exit).toBe(2);
    expect(second.output()).toMatch(
      new RegExp(`^CLOUD_DATA_DIR=${dataDir}: another platform is running in it \\(process ${platform.pid}\\)`),
    );
  });

  test('the cluster: checksums, archiving that needs no restart, no password that anybody knows', async () => {
    const [host, port, , user, password] =
      readFileSync(pathIn(dataDir, 'secrets/pgpass'), 'utf8').split('\n')[1]?.split(':') ?? [];
    const login = { host: host ?? '', port: Number(port), user: user ?? '', database: 'thecloud' };
    const owner = new pg.Client({ ...login, password: password ?? '' });
    await owner.connect();
    const { rows } = await owner.query(
      `select current_setting('data_checksums') checksums, current_setting('wal_level') wal, current_setting('archive_mode') archive,
       (select context from pg_settings where name = 'archive_command') context, current_setting('listen_addresses') listens`,
    );
    await owner.end();
    expect(rows[0]).toEqual({
      checksums: 'on',
      wal: 'replica',
      archive: 'on',
      context: 'sighup',
      listens: '127.0.0.1',
    });
    await expect(new pg.Client({ ...login, password: 'cloud' }).connect()).rejects.toThrow(
      /password authentication failed/,
    );
  });

  test('a DATABASE_URL that cannot be used is one line without its password, and nothing is made', async () => {
    const [, port] = readFileSync(pathIn(dataDir, 'secrets/pgpass'), 'utf8').split('\n')[1]?.split(':') ?? [];
    const password = readFileSync(pathIn(dataDir, 'secrets/pgpass'), 'utf8').split('\n')[1]?.split(':')[4] ?? '';
    const at = `127.0.0.1:${port}`;
    const unused = pathIn(dataDir, 'unused');
    for (const [url, told] of [
      [`postgres://cloud:hunter2@127.0.0.1:1/thecloud`, 'nothing answers there'],
      [`postgres://cloud:hunter2@${at}/thecloud`, 'user or password is wrong'],
      [`postgres://cloud@${at}/thecloud`, 'the server requires a password'],
      [`postgres://cloud:${password}@${at}/nothing`, 'no such database'],
      [`postgres://cloud:${password}@${at}/thecloud?sslmode=verify-full`, 'the server does not support TLS'],
      [`postgres://cloud:hunter2@${new URL(await platform.ready).host}/thecloud`, 'is not PostgreSQL'],
    ] as const) {
      const refused = startPlatformProcess({ CLOUD_DATA_DIR: unused, DATABASE_URL: url });
      expect(await refused.exit).toBe(2);
      expect(refused.output()).toMatch(/^DATABASE_URL=postgres:\/\/\*\*\*@[^\n]*\n$/);
      expect(refused.output()).toContain(told);
      expect(refused.output()).not.toMatch(new RegExp(`hunter2|${password}`));
      expect(existsSync(unused)).toBe(false);
    }
    await checkExternalDatabase(`postgres://cloud:${password}@${at}/thecloud`);
  });

  test('kill -9 of the API: it runs again', async () => {
    const before = pidsOf(platform)['api'] ?? 0;
    process.kill(before, 'SIGKILL');
    await until('the API runs again', () => platform.output().includes('api is running again'));
    expect(startOf(before)).toBeUndefined();
  });

  test('a process that is stopped for a moment goes on, also if the supervisor stood still with it', {
    timeout: 40_000,
  }, async () => {
    const { api, worker } = livePids();
    process.kill(api!, 'SIGSTOP');
    await pause(2_000);
    process.kill(api!, 'SIGCONT');
    const all = [platform.pid, api!, worker!];
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    await pause(5_000);
    for (const pid of all) process.kill(pid, 'SIGCONT');
    await pause(1_000);
    expect(livePids()).toEqual({ api, worker });
    expect(platform.output()).not.toContain('has not answered');
  });

  test('a process that lives and does not answer is ended, and runs again', { timeout: 40_000 }, async () => {
    const before = livePids();
    for (const pid of Object.values(before)) process.kill(pid, 'SIGSTOP');
    for (const [name, pid] of Object.entries(before)) {
      await until(`${name} runs again`, () => livePids()[name] !== pid);
      expect(platform.output()).toContain(`${name} (process ${pid}) has not answered for 4 s; ending it`);
      expect(platform.output()).toContain(`${name} ended by SIGKILL; restarting it`);
    }
  });

  test('kill -9 of PostgreSQL: it runs again', { timeout: 40_000 }, async () => {
    process.kill(pidsOf(platform)['PostgreSQL'] ?? 0, 'SIGKILL');
    await until('PostgreSQL runs again', () => platform.output().includes('PostgreSQL is running again'), 30_000);
  });

  test('kill -9 of the supervisor: its processes end, the next start takes PostgreSQL over', {
    timeout: 60_000,
  }, async () => {
    platform.kill('SIGKILL');
    await platform.exit;
    const [worker] = Object.entries(pidsOf(platform))
      .filter(([name]) => name === 'worker')
      .map(([, pid]) => pid);
    await until('the worker has ended', () => startOf(worker ?? 0) === undefined, 5_000);
    expect(findProcessesIn(pathIn(dataDir, 'postgres'), 'postgres')).not.toHaveLength(0);
    platform = start();
    const seen = await ask(await platform.ready);
    expect(seen.databaseUsers).toEqual(['cloud_api', 'cloud_operator', 'cloud_data']);
    expect(platform.output()).toContain('stopped a PostgreSQL left running by an earlier start');
  });

  test('the log of Incus is kept short, as the others are', { timeout: 30_000 }, async () => {
    const logs = ['incusd.log', 'incusd.out', 'lxcfs.out', 'logs/worker.log'].map((name) => pathIn(dataDir, name));
    for (const path of logs) writeFileSync(path, Buffer.alloc(17 * 1024 * 1024, 'x'), { mode: 0o600 });
    await until(
      'they are cut',
      () => logs.every((path) => existsSync(`${path}.1`) && statSync(path).size < 1e6),
      20_000,
    );
    expect(platform.output()).not.toContain('cannot limit the size');
  });

  test('SIGTERM: everything ends, nothing is left; the next start is warm', { timeout: 60_000 }, async () => {
    platform.kill('SIGTERM');
    expect(await platform.exit).toBe(0);
    expect(findProcessesIn(pathIn(dataDir, 'postgres'), 'postgres')).toEqual([]);
    expect(existsSync(pathIn(dataDir, 'run/processes.json'))).toBe(false);
    platform = start();
    await platform.ready;
    expect(platform.output()).not.toMatch(/making|migration|stopped/);
    const log = readFileSync(pathIn(dataDir, 'logs/postgres.log'), 'utf8');
    expect(log).toContain('alter role cloud_api');
    const passwords = readFileSync(pathIn(dataDir, 'secrets/database.json'), 'utf8');
    for (const password of Object.values(JSON.parse(passwords) as Record<string, string>))
      expect(log).not.toContain(password);
  });

  test('a port that is taken is one line, and nothing stays behind', { timeout: 30_000 }, async () => {
    platform.kill('SIGTERM');
    await platform.exit;
    const taker = createServer();
    const port = await new Promise<number>((resolve) =>
      taker.listen(0, '127.0.0.1', () => resolve((taker.address() as { port: number }).port)),
    );
    for (const setting of ['CLOUD_LISTEN', 'CLOUD_AWS_LISTEN']) {
      const refused = startPlatformProcess({ CLOUD_DATA_DIR: dataDir, [setting]: `127.0.0.1:${port}` });
      expect(await refused.exit).toBe(2);
      expect(refused.output()).toBe(
        `${setting}=127.0.0.1:${port}: the port is in use; stop the program that uses it, or choose another port\n`,
      );
    }
    const unused = pathIn(dataDir, 'not', 'yet', 'there');
    const fresh = { CLOUD_DATA_DIR: unused, CLOUD_PG_PORT: `${port}` };
    const refusedToo = startPlatformProcess(fresh);
    expect(await refusedToo.exit).toBe(2);
    expect(refusedToo.output()).toMatch(/^CLOUD_PG_PORT=\d+: the port is in use[^\n]*\n$/);
    expect(existsSync(pathIn(dataDir, 'not'))).toBe(false);
    await new Promise((resolve) => taker.close(resolve));
    expect(findProcessesIn(pathIn(dataDir, 'postgres'), 'postgres')).toEqual([]);
  });

  test('another platform’s database is refused', { timeout: 30_000 }, async () => {
    const path = pathIn(dataDir, 'platform.id');
    const own = readFileSync(path, 'utf8');
    writeFileSync(path, '00000000-0000-0000-0000-000000000000\n');
    const refused = start();
    expect(await refused.exit).toBe(2);
    expect(refused.output()).toContain('belongs to platform 00000000-0000-0000-0000-000000000000');
    writeFileSync(path, own);
    expect(findProcessesIn(pathIn(dataDir, 'postgres'), 'postgres')).toEqual([]);
  });
});
