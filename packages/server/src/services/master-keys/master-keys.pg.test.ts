import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { type MasterKeys, parseMasterKeys, replaceKeys } from '../../kernel/master-keys.ts';
import { createSealer } from '../../kernel/seal.ts';
import { type Database, openDatabase } from '../../kernel/sql/pool.ts';
import { watchMasterKeys } from '../../supervisor/secrets.ts';
import { makeAwsKey, stsClient } from '../../testing/aws-clients.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { insertSecret } from '../secrets/examples.ts';
import { rotateMasterKey } from './worker.ts';

const COLUMNS = {
  api_keys: 'aws_secret_sealed',
  second_factors: 'secret_sealed',
  mails: 'sealed',
  secrets: 'encrypted_value',
  secret_versions: 'sealed',
};

/** An API and a worker that have their keys from one file, as a supervisor sees to. */
async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'thecloud-master-key-'));
  const masterKeyPath = join(folder, 'master.key');
  writeFileSync(masterKeyPath, randomBytes(32), { mode: 0o600 });
  const masterKeys: MasterKeys = parseMasterKeys(readFileSync(masterKeyPath));
  const first = createSealer(new Map(masterKeys));
  const world = await setUpApi({ masterKeys });
  const { api, database } = world;
  const timer = watchMasterKeys(
    masterKeyPath,
    (keys) => replaceKeys(masterKeys, keys),
    () => undefined,
  );
  const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
  onTestFinished(async () => {
    clearInterval(timer);
    await worker.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const operator = await api.makeActor({ platformRole: 'admin' });
  const lines: string[] = [];
  const deps = {
    database: worker,
    clock: systemClock,
    log: memoryLog(lines),
    sealer: api.sealer,
    masterKeyPath,
    masterKeys,
    isSupervised: true,
  };
  return {
    ...world,
    deps,
    lines,
    first,
    masterKeys,
    keysInFile: () => parseMasterKeys(readFileSync(masterKeyPath)),
    async begin() {
      const answer = await api.call('admin-master-keys.rotate', {}, operator);
      expect(answer.status, answer.text).toBe(202);
    },
    again: () => api.call('admin-master-keys.rotate', {}, operator),
    async rotation() {
      return (await api.call('admin-master-keys.list', { limit: 1 }, operator)).data[0];
    },
    /** The versions under which values are sealed, by column. */
    async versions() {
      const found: Record<string, string[]> = {};
      for (const [table, column] of Object.entries(COLUMNS)) {
        const { rows } = await api.owner.query<{ version: string }>(
          `select distinct split_part(${column}, '.', 1) as version from ${table} where ${column} like 'v%.%' order by 1`,
        );
        found[`${table}.${column}`] = rows.map(({ version }) => version);
      }
      return found;
    },
  };
}

const allUnder = (...versions: string[]) =>
  Object.fromEntries(Object.entries(COLUMNS).map(([table, column]) => [`${table}.${column}`, versions]));
const run = (deps: Parameters<typeof rotateMasterKey>[0]) => rotateMasterKey(deps, AbortSignal.timeout(60_000));

describe('rotating the master key', { timeout: 120_000 }, () => {
  it('seals the values of all services again while the platform is used, and forgets the old key', async () => {
    const { api, owner, deps, begin, rotation, versions, keysInFile, first, masterKeys } = await setUp();
    const key = await makeAwsKey(api, owner);
    const session = (await api.call('keys.createSession', { duration_seconds: 3600 }, owner)).data;
    const secret = (await api.call('secrets.create', { name: 'db', value: 'kept' }, owner)).data;
    await api.call('secrets.put', { id: secret.id, value: 'second' }, owner);
    const mail = newId();
    await api.owner.query(
      `insert into mails (id, tenant_id, recipient, sealed, expires_at) values ($1, $2, 'x', $3, now() + interval '1 day')`,
      [mail, owner.tenantId, api.sealer.seal('mail', mail, 'hello')],
    );
    const enrolled = await api.call('second-factor.enrol', { password: 'correct horse battery staple' }, owner);
    expect(enrolled.status, enrolled.text).toBeLessThan(300);
    expect(await versions()).toEqual(allUnder('v1'));
    const retried = { name: uniqueWord(), value: 'x' };
    const headers = { 'idempotency-key': uniqueWord() };
    await api.call('secrets.create', retried, owner, { headers });

    await begin();
    let isOver = false;
    const use = (async () => {
      let reads = 0;
      while (!isOver) {
        const [read, put, again] = await Promise.all([
          api.call('secrets.reveal', { id: secret.id, stage: 'AWSPREVIOUS' }, owner),
          api.call('secrets.create', { name: uniqueWord(), value: 'new' }, owner),
          masterKeys.has(1) ? api.call('secrets.create', retried, owner, { headers }) : undefined,
        ]);
        expect([read.status, read.data?.value, put.status], read.text).toEqual([200, 'kept', 201]);
        if (again) expect(again.headers['idempotency-replayed'], again.text).toBe('true');
        await stsClient(api, key).send(new GetCallerIdentityCommand({}));
        reads++;
      }
      return reads;
    })();
    await run(deps);
    isOver = true;
    expect(await use).toBeGreaterThan(3);

    expect(await versions()).toEqual(allUnder('v2'));
    expect([...keysInFile().keys()]).toEqual([2]);
    const done = await rotation();
    expect(done).toMatchObject({ status: 'DONE', key_version: 2 });
    expect(done.resealed).toBeGreaterThanOrEqual(8);
    const { rows } = await api.owner.query('select sealed from secret_versions');
    for (const { sealed } of rows) expect(() => first.open(owner.tenantId, `secret ${secret.id}`, sealed)).toThrow();
    await vanished(masterKeys);
    expect((await api.call('secrets.reveal', { id: secret.id }, owner)).data.value).toBe('second');
    const temporary = {
      accessKeyId: session.aws_access_key_id,
      secretAccessKey: session.aws_secret_access_key,
      sessionToken: session.aws_session_token,
    };
    await stsClient(api, temporary).send(new GetCallerIdentityCommand({}));
    const { rows: mails } = await api.owner.query('select sealed from mails where id = $1', [mail]);
    expect(api.sealer.open('mail', mail, mails[0].sealed)).toBe('hello');
    // And once more.
    await begin();
    await run(deps);
    expect(await versions()).toEqual(allUnder('v3'));
    expect((await api.call('secrets.reveal', { id: secret.id }, owner)).data.value).toBe('second');
  });

  it('goes on where it was interrupted, at whatever step', async () => {
    const { api, owner, deps, begin, again, rotation, versions, keysInFile } = await setUp();
    await makeAwsKey(api, owner);
    for (let n = 0; n < 450; n++) await insertSecret(api.worldOf(owner));
    await begin();
    expect(await again()).toMatchObject({ status: 409, code: 'CONFLICT' });
    let runs = 0;
    const seen: number[] = [];
    while ((await rotation()).status !== 'DONE') {
      // Each time it dies one transaction later.
      await rotateMasterKey(
        { ...deps, database: dyingAfter(deps.database, ++runs) },
        AbortSignal.timeout(20_000),
      ).catch((error: Error) => expect(error.message).toBe('killed'));
      seen.push((await rotation()).resealed);
      expect([1, 2]).toContain(keysInFile().size);
    }
    expect(runs).toBeGreaterThan(4);
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    // Each value once: 450 secrets, 450 versions and the keys.
    const { rows } = await api.owner.query(
      'select count(*)::int as count from api_keys where aws_secret_sealed is not null',
    );
    expect(seen.at(-1)).toBe(900 + rows[0].count);
    expect([(await versions())['secrets.encrypted_value'], [...keysInFile().keys()]]).toEqual([['v2'], [2]]);
  });

  it('keeps the old key if a value does not open, and says so', async () => {
    const { api, owner, deps, lines, begin, rotation, keysInFile } = await setUp();
    const { id } = await insertSecret(api.worldOf(owner));
    await api.owner.query(`update secret_versions set sealed = 'v1.AAAA.AAAA' where secret_id = $1`, [id]);
    await begin();
    await run(deps);
    expect(await rotation()).toMatchObject({
      status: 'FAILED',
      reason: expect.stringContaining('1 values do not open'),
    });
    expect([...keysInFile().keys()]).toEqual([1, 2]);
    expect(lines.join('')).toContain('a sealed value does not open');
  });

  it('is refused by a worker that runs alone, which could give the key to nobody', async () => {
    const { deps, begin, rotation, keysInFile } = await setUp();
    await begin();
    await run({ ...deps, isSupervised: false });
    expect(await rotation()).toMatchObject({ status: 'FAILED', reason: expect.stringContaining('runs alone') });
    expect([...keysInFile().keys()]).toEqual([1]);
  });
});

/** The map has lost the first key: the processes were told. */
async function vanished(keys: MasterKeys): Promise<void> {
  for (let n = 0; n < 100 && keys.has(1); n++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(keys.has(1)).toBe(false);
}

/** A database whose process dies in the middle of its nth transaction. */
function dyingAfter(database: Database, transactions: number): Database {
  let left = transactions;
  return {
    ...database,
    transaction: (scope, fn, options) =>
      database.transaction(
        scope,
        async (sql) => {
          const answer = await fn(sql);
          if (left-- === 0) throw new Error('killed');
          return answer;
        },
        options,
      ),
  };
}
