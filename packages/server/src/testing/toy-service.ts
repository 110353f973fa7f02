import Type from 'typebox';
import { callerOf, type Seeded, type Tenant } from './seed.ts';
import { memoryLog, uniqueWord } from './test-api.ts';
import { randomBytes } from 'node:crypto';
import type { Caller } from '../kernel/caller.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import type { CloudError } from '../kernel/errors.ts';
import { type CallOptions, createExecute, type Executed } from '../kernel/execute.ts';
import { createMetrics } from '../kernel/metrics.ts';
import { operation } from '../kernel/operation.ts';
import { createRegistry } from '../kernel/registry.ts';
import { createSealer } from '../kernel/seal.ts';
import { type Call, type DataCall, type Kind, type Service, service, type Steps } from '../kernel/service.ts';
import type { Database } from '../kernel/sql/pool.ts';
import type { Sql } from '../kernel/sql/tx.ts';

/** A thing of the toy service: a row of a table with a version that the API may write. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}
export type Behaviour = (call: Call) => Promise<unknown>;
export type DataBehaviour = (call: DataCall) => Promise<unknown>;

const byName = Type.Object({ name: Type.String() }, { additionalProperties: false });
const Thing = Type.Object({ id: Type.String(), name: Type.String(), version: Type.Integer() });

/** A role of the tenant: a table that the API may write. */
const thing: Kind<Row> = {
  noun: 'thing',
  find: async (sql, { tenantId, ref, lock }) =>
    (
      await sql.query<Row>(
        lock ? 'test.find_locked' : 'test.find',
        `select id, name, version from tenant_roles where tenant_id = $1 and (name = $2 or id::text = $2)${lock ? ' for no key update' : ''}`,
        [tenantId, ref],
      )
    )[0],
  id: (row) => row.id,
  name: (row) => row.name,
  version: (row) => row.version,
  present: (row) => row,
};

export const insertThing = (call: Call, name: string) =>
  call.sql.query<Row>(
    'test.insert',
    'insert into tenant_roles (id, tenant_id, name) values ($1, $2, $3) returning id, name, version',
    [call.createdId, call.tenantId, name],
  );

async function countThings(call: Call) {
  const [row] = await call.sql.query<{ used: number }>(
    'test.used',
    'select count(*)::int as used from tenant_roles where tenant_id = $1',
    [call.tenantId],
  );
  return [{ resource: 'things', used: row!.used, wanted: 1 }];
}

interface ToyOptions {
  readonly clock?: Clock;
  /** Most things of a tenant; without it no quota is looked at. */
  readonly quota?: number;
  /** By verb: what it does before and after its run. */
  readonly steps?: Readonly<Record<string, Partial<Steps>>>;
  /** What operations of the data plane do. */
  readonly data?: Readonly<Record<string, DataBehaviour>>;
  /** Where the operator's operations run. Default: where all do. */
  readonly operator?: Database;
  /** What operations of the data plane get to run statements. */
  readonly dataSql?: Sql;
  /** More services. */
  readonly beside?: readonly Service[];
}

/** An execute() whose operations do what the test says. */
export function composeToyService(
  db: Pick<Seeded, 'api' | 'operator' | 'data'>,
  tenant: Tenant,
  behaviours: Record<string, Behaviour> = {},
  options: ToyOptions = {},
) {
  const behave = (verb: string, otherwise: Behaviour): Steps => ({
    run: (call) => (behaviours[verb] ?? otherwise)(call),
    ...options.steps?.[verb],
  });
  const onData = (verb: string) => (call: DataCall) => (options.data?.[verb] ?? (async () => ({})))(call);
  const made = service({
    name: 'things',
    resource: 'thing',
    title: 'Things',
    operations: {
      create: operation({
        summary: 's',
        effect: 'create',
        http: { method: 'POST', path: '/things' },
        input: byName,
        output: Thing,
        creates: 'thing',
        uses: ['things'],
        answers: 'thing',
      }),
      get: operation({
        summary: 's',
        effect: 'read',
        http: { method: 'GET', path: '/things/:name' },
        input: byName,
        output: Thing,
        target: { kind: 'thing', param: 'name' },
        answers: 'thing',
      }),
      update: operation({
        summary: 's',
        effect: 'update',
        http: { method: 'PATCH', path: '/things/:name' },
        input: byName,
        output: Thing,
        target: { kind: 'thing', param: 'name' },
        answers: 'thing',
      }),
      delete: operation({
        summary: 's',
        effect: 'delete',
        http: { method: 'DELETE', path: '/things/:name' },
        input: byName,
        output: Type.Object({}),
        target: { kind: 'thing', param: 'name' },
      }),
      peek: operation({
        summary: 's',
        effect: 'read',
        http: { method: 'GET', path: '/peek' },
        input: Type.Object({}),
        output: Type.Object({}),
      }),
      guess: operation({
        summary: 's',
        effect: 'action',
        scope: 'public',
        http: { method: 'POST', path: '/guess' },
        input: Type.Object({ word: Type.String() }),
        output: Type.Object({}),
        secrets: ['word'],
      }),
      govern: operation({
        summary: 's',
        effect: 'action',
        scope: 'operator',
        http: { method: 'POST', path: '/govern' },
        input: Type.Object({}),
        output: Type.Object({}),
      }),
      send: operation({
        summary: 's',
        effect: 'action',
        plane: 'data',
        http: { method: 'POST', path: '/send' },
        input: Type.Object({}),
        output: Type.Object({}),
      }),
      post: operation({
        summary: 's',
        effect: 'action',
        plane: 'data',
        http: { method: 'POST', path: '/things/:name/post' },
        input: byName,
        output: Type.Object({}),
        target: { kind: 'thing', param: 'name' },
      }),
    },
    handlers: {
      create: {
        ...(options.quota === undefined ? {} : { quota: countThings }),
        ...behave('create', async (call) => (await insertThing(call, (call.input as Row).name))[0]),
      },
      get: behave('get', async (call) => call.target),
      update: behave('update', async (call) => {
        const [row] = await call.sql.query<Row>(
          'test.update',
          'update tenant_roles set version = version + 1 where id = $1 returning id, name, version',
          [(call.target as Row).id],
        );
        return row;
      }),
      delete: behave('delete', async (call) => {
        await call.sql.query('test.delete', 'delete from tenant_roles where id = $1', [(call.target as Row).id]);
        return {};
      }),
      peek: behave('peek', async () => ({})),
      guess: behave('guess', async () => ({})),
      govern: behave('govern', async () => ({})),
      send: onData('send'),
      post: onData('post'),
    },
    kinds: { thing },
    quotas: { things: { max: options.quota ?? 1_000_000, noun: 'things', free: 'Delete a thing' } },
    usage: async () => ({ things: 0 }),
  });
  const logLines: string[] = [];
  const metrics = createMetrics();
  const execute = createExecute({
    databases: {
      api: db.api,
      operator: options.operator ?? db.operator,
      data: options.dataSql ? { stats: db.data.stats, ...options.dataSql } : db.data,
    },
    sealer: createSealer(new Map([[1, randomBytes(32)]])),
    registry: createRegistry([made, ...(options.beside ?? [])]),
    clock: options.clock ?? systemClock,
    log: memoryLog(logLines),
    metrics,
  });
  const run = (
    verb: string,
    input: unknown = {},
    caller: Caller = callerOf(tenant),
    given: Partial<CallOptions> = {},
  ): Promise<Executed> => execute(`things.${verb}`, caller, input, { origin: { requestId: uniqueWord() }, ...given });
  return { execute, run, metrics, logLines };
}

/** The code that a call was refused with. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: CloudError) => error.code ?? error.message,
  );
