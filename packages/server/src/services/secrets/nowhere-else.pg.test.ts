import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withClient } from '../../../../testkit/src/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { type Database, openDatabase } from '../../kernel/sql/pool.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { awsClient, makeAwsKey } from '../../testing/aws-clients.ts';
import { setUpApi } from '../../testing/set-up-api.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { rotateDue } from './worker.ts';

// A run in which values go in and out at every door, by calls that succeed and by calls that fail in all ways that we know. Then the values are looked
// for in everything that the platform and the database have written.

/** All that is sent to the database: what is not in it can be in no log of queries, whatever PostgreSQL is told to write there. */
const sent: string[] = [];
const listen = (database: Database): Database => {
  const note = (sql: Sql): Sql => ({
    query: (name, text, values) => {
      sent.push(`${name} ${text} ${JSON.stringify(values ?? [])}`);
      return sql.query(name, text, values);
    },
  });
  return {
    ...database,
    ...note(database),
    transaction: (scope, fn, options) => database.transaction(scope, (sql) => fn(note(sql)), options),
  };
};
const { api, owner, database } = await setUpApi({ wrap: listen });

/** A value nobody else has, and all forms in which a part of it could be written. */
interface Hidden {
  readonly value: string;
  readonly forms: readonly Buffer[];
}
const made: Hidden[] = [];
function hidden(bytes: Buffer = Buffer.from(`hush ${randomBytes(12).toString('hex')} "quoted" ä`)): Hidden {
  const text = bytes.toString();
  const core = bytes.subarray(5, 29);
  const inBase64 = [0, 1, 2].map((skip) => core.subarray(skip, skip + 18).toString('base64'));
  const forms = [
    core,
    Buffer.from(core.toString('hex')),
    ...inBase64.flatMap((one) => [Buffer.from(one), Buffer.from(one.replaceAll('+', '-').replaceAll('/', '_'))]),
    Buffer.from(encodeURIComponent(core.toString('latin1'))),
  ];
  const one = { value: text, forms };
  made.push(one);
  return one;
}
const isIn = (content: Buffer): boolean => made.some(({ forms }) => forms.some((form) => content.includes(form)));

type Input = Readonly<Record<string, unknown>>;
const answers: string[] = [];
/** A call whose answer must not have the value. */
async function call(verb: string, input: Input, headers: Record<string, string> = {}, actor = owner) {
  const answer = await api.call(`secrets.${verb}`, input, actor, { headers });
  answers.push(answer.text);
  return answer;
}
const refused = async (status: number, ...args: Parameters<typeof call>) =>
  expect((await call(...args)).status, JSON.stringify(args[0])).toBe(status);

async function run(): Promise<void> {
  const name = () => `s-${uniqueWord()}`;
  const { data: secret } = await call('create', { name: 'kept', value: hidden().value, labels: { a: 'b' } });
  const id: string = secret.id;
  const key = { 'idempotency-key': uniqueWord() };
  const twice = { name: name(), value: hidden().value };
  await call('create', twice, key);
  await call('create', twice, key);
  await call('create', { ...twice, value: hidden().value }, key);
  await call('put', { id, value: hidden().value });
  await call('put', { id, value: hidden(randomBytes(64)).forms[0]!.toString('base64'), encoding: 'base64' });
  await call('put', { id, value: JSON.stringify({ username: 'ann', password: hidden().value }), version_id: 'json' });
  const long = hidden();
  await call('put', { id, value: long.value.repeat(1_000) });
  await api.call('secrets.reveal', { id }, owner);
  await api.call('secrets.reveal', { id, version_id: 'json' }, owner);
  await call('setRotation', { id, days: 1 });
  for (const verb of ['list', 'get', 'versions', 'rotate']) await call(verb, { id });

  // What is refused: by its schema, by its rules, by whom it comes from, by what is there.
  const value = () => hidden().value;
  await refused(400, 'create', { name: 'a b', value: value() });
  await refused(400, 'create', { name: name(), value: value(), generate_length: 20 });
  await refused(400, 'create', { name: name(), value: value(), more: { value: value() } });
  await refused(400, 'put', { id, value: value(), encoding: 'base64' });
  await refused(400, 'put', { id, value: value().repeat(3_000) });
  await refused(400, 'put', { id, value: [value()] });
  await refused(400, 'put', { id, value: `${value()}\u0000` });
  await refused(409, 'put', { id, value: value(), version_id: 'json' });
  await refused(409, 'create', { name: 'kept', value: value() });
  await refused(404, 'put', { id: 'none', value: value() });
  await refused(403, 'put', { id, value: value() }, {}, await api.makeMember(owner.tenantId, 'viewer'));
  await refused(401, 'put', { id, value: value() }, {}, { ...owner, key: `thecloud_${'0'.repeat(32)}` });
  await refused(409, 'put', { id, value: value() }, { 'if-match': '"99"' });
  await api.owner.query(
    `insert into quotas (tenant_id, resource, max) values ($1, 'secrets', 0) on conflict (tenant_id, resource) do update set max = 0`,
    [owner.tenantId],
  );
  await refused(429, 'create', { name: name(), value: value() });
  await api.owner.query('update quotas set max = 1000 where tenant_id = $1', [owner.tenantId]);
  const body = `{"value": "${value()}"`;
  const cut = await fetch(`${api.url}/secrets/${id}/versions`, {
    method: 'POST',
    headers: { 'x-api-key': owner.key, 'content-type': 'application/json' },
    body,
  });
  answers.push(await cut.text());
  // In the wrong place.
  answers.push((await api.send('GET', `/secrets?value=${encodeURIComponent(value())}`, { key: owner.key })).text);
  // The database fails in the middle.
  for (const table of ['secret_versions', 'audit_logs']) {
    await api.owner.query(`revoke insert on ${table} from cloud_api`);
    await refused(500, 'put', { id, value: value() });
    await api.owner.query(`grant insert on ${table} to cloud_api`);
  }
  await api.owner.query(`alter table secret_versions add constraint none check (size = 0) not valid`);
  await refused(500, 'put', { id, value: value() });
  await api.owner.query('alter table secret_versions drop constraint none');

  const client = awsClient('secretsmanager', api, await makeAwsKey(api, owner));
  const aws = (command: unknown) =>
    (client as { send(command: unknown): Promise<unknown> })
      .send(command)
      .catch((error: Error) => answers.push(`${error.name} ${error.message}`));
  await aws(new CreateSecretCommand({ Name: 'aws', SecretString: value() }));
  await aws(new CreateSecretCommand({ Name: 'aws', SecretString: value() }));
  await aws(new CreateSecretCommand({ Name: 'a b', SecretString: value() }));
  await aws(new PutSecretValueCommand({ SecretId: 'aws', SecretBinary: Buffer.from(value()) }));
  await aws(new PutSecretValueCommand({ SecretId: 'none', SecretString: value() }));
  await aws(new PutSecretValueCommand({ SecretId: 'aws', SecretString: value(), SecretBinary: Buffer.from(value()) }));
  await aws(new UpdateSecretCommand({ SecretId: 'aws', SecretString: value(), KmsKeyId: 'mine' }));
  await aws(new GetSecretValueCommand({ SecretId: 'aws' }));
  await aws(new PutSecretValueCommand({ SecretId: 'aws', SecretString: [value()] as unknown as string }));
}

async function rotateByWorker(lines: string[]): Promise<void> {
  await api.owner.query(`update secrets set rotates_at = now() where rotation_days is not null`);
  const worker = openDatabase({ connectionString: database.workerUrl, max: 1, min: 0 });
  const deps = { database: worker, clock: systemClock, log: memoryLog(lines), sealer: api.sealer };
  await rotateDue(deps, AbortSignal.timeout(10_000));
  await worker.close();
}

/** Files below a folder in which something is, by pieces that overlap. */
async function filesWith(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    let rest = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
        const piece = Buffer.concat([rest, chunk as Buffer]);
        if (isIn(piece)) found.push(path);
        rest = piece.subarray(-128);
      }
    } catch (error) {
      // PostgreSQL removes files while we read.
      if ((error as { code?: string }).code !== 'ENOENT') throw error;
    }
  }
  return found;
}

it('a value is in no log, audit row, event, error, list, query log, idempotency row or file of the database', async () => {
  const workerLines: string[] = [];
  await run();
  await rotateByWorker(workerLines);
  expect(made.length).toBeGreaterThan(35);
  // What proves that the search finds what there is.
  expect(isIn(Buffer.from(`x${made[0]!.value}`))).toBe(true);
  expect(isIn(Buffer.from(Buffer.from(`x${made[0]!.value}`).toString('base64')))).toBe(true);

  for (const answer of answers) expect(isIn(Buffer.from(answer)), answer.slice(0, 500)).toBe(false);
  const lines = [...api.logLines, ...workerLines].filter((line) => isIn(Buffer.from(line)));
  expect(lines).toEqual([]);
  expect(sent.length).toBeGreaterThan(150);
  expect(sent.filter((one) => isIn(Buffer.from(one)))).toEqual([]);
  expect(await api.metrics.prometheus.metrics()).not.toContain('hush');
  const { rows: tables } = await api.owner.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
  );
  expect(tables.length).toBeGreaterThan(40);
  for (const { name } of tables) {
    const { rows } = await api.owner.query<{ row: string }>(`select t::text as row from ${name} t`);
    expect(
      rows.filter(({ row }) => isIn(Buffer.from(row))),
      name,
    ).toEqual([]);
  }
  const { rows: kept } = await api.owner.query(`select from idempotency_keys where operation = 'secrets.create'`);
  expect(kept).toHaveLength(1);

  // All of the cluster: tables, indexes, write-ahead log, statistics, temporary files.
  const folder = await withClient(database.ownerUrl.replace('cloud@', 'postgres@'), async (client) => {
    await client.query('checkpoint');
    await client.query('select pg_switch_wal()');
    return String((await client.query('show data_directory')).rows[0].data_directory);
  });
  expect((await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim()).toMatch(/^\d+$/);
  expect(await filesWith(folder)).toEqual([]);
}, 120_000);
