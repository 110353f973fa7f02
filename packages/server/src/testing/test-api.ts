import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Agent, request } from 'undici';
import type { TestDatabase } from '../../../testkit/src/index.ts';
import { createAwsCredentials } from '../front/aws/credentials.ts';
import { createAwsServer } from '../front/aws/server.ts';
import { createRates } from '../front/limits.ts';
import { buildOpenApi } from '../front/rest/openapi.ts';
import { createRestServer } from '../front/rest/server.ts';
import { createWaiter } from '../front/rest/waiter.ts';
import { createProcessorShares } from '../front/processor-shares.ts';
import { createConnections } from '../front/connections.ts';
import { createHeldBytes } from '../front/held-bytes.ts';
import { createUnderWay, createUntaken } from '../front/under-way.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { createWriteBudget } from '../kernel/write-budget.ts';
import { createExecute, type Execute } from '../kernel/execute.ts';
import { newId, sha256Hex } from '../kernel/ids.ts';
import type { LiveHandlers } from '../kernel/live.ts';
import { createMetrics, type Metrics } from '../kernel/metrics.ts';
import { startNotifier } from '../kernel/notifier.ts';
import type { Registry } from '../kernel/registry.ts';
import type { MasterKeys } from '../kernel/master-keys.ts';
import { createSealer, type Sealer } from '../kernel/seal.ts';
import { type Database, openDatabase } from '../kernel/sql/pool.ts';
import { createLiveClient, type LiveClient } from '../live/client.ts';
import { serveLive } from '../live/server.ts';
import { composeRegistry } from '../services.ts';
import { createEventFeed } from '../services/events/index.ts';
import { AUTHORITY_CHANNEL, createAuthenticator } from '../services/identity/index.ts';
import type { CallWorld } from '../kernel/example.ts';
import { bodyOf, whereOf } from './call-paths.ts';
import { memoryLog } from './memory-log.ts';
import { glanceAt } from './open-events.ts';
import { readAnswer } from './read-answer.ts';
import { signScopes } from './sign-scopes.ts';
import { openTestSocket } from './test-socket.ts';

/** Somebody who calls. */
export interface Actor {
  readonly userId: string;
  readonly email: string;
  readonly tenantId: string;
  readonly key: string;
  readonly keyId: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** `data` of the envelope. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came
  readonly data: any;
  readonly code: string | undefined;
  readonly message: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as data
  readonly meta: any;
}

export interface RequestOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface TestApi {
  readonly url: string;
  /** Of the AWS door. */
  readonly awsUrl: string;
  readonly registry: Registry;
  readonly execute: Execute;
  /** As the API's process speaks to the worker. */
  readonly live: LiveClient;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly sealer: Sealer;
  /** Of the tables' owner. */
  readonly owner: pg.Pool;
  /** Every line that was logged, at the level debug. */
  readonly logLines: string[];
  /** Number of successful calls of an operation so far, by any caller. */
  countOf(operation: string): Promise<number>;
  /** The only host there is; it has room for anything. */
  readonly hostId: string;
  send(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Calls an operation as its descriptor says: members of the path, the query or the body. */
  call(
    name: string,
    input: Readonly<Record<string, unknown>>,
    actor: Pick<Actor, 'key'> | undefined,
    options?: Omit<RequestOptions, 'key' | 'body'> & { readonly query?: string },
  ): Promise<Answer>;
  /** A user with a tenant and a key; no password fits. */
  makeActor(options?: { platformRole?: string }): Promise<Actor>;
  /** A user who is in the tenant with this role, one of the built-in or of the tenant's. */
  makeMember(tenantId: string, role: string): Promise<Actor>;
  makeKey(of: Pick<Actor, 'userId' | 'tenantId'>, state?: { expired?: boolean; revoked?: boolean }): Promise<string>;
  worldOf(actor: Actor): CallWorld;
  /** Once, however often it is asked for. */
  stop(): Promise<void>;
}

/** The password of users made by `makeActor` and `makeMember`; its hash (bcrypt at cost 4) is quick to check. */
export const PASSWORD = 'correct horse battery staple';
const PASSWORD_HASH = '$2b$04$eXBM712UOt3hoe4JKsvAKOG8UXITHUjUM2MJq9CZvYvXsJk32tlUy';

let unique = 0;
/** A word that nothing else in this process has. */
export const uniqueWord = (): string => `${randomBytes(3).toString('hex')}-${++unique}`;

export { memoryLog };

/** Both doors in this process, each on a port of its own: real database, guards on, no limits of rate unless given. */
export async function startTestApi(options: {
  readonly database: TestDatabase;
  readonly clock?: Clock;
  readonly live?: LiveHandlers;
  /** Milliseconds that the event loop has been busy. Default: none, so that nobody waits for their share of it. */
  readonly busyMs?: () => number;
  readonly rates?: { readonly perSecond: number; readonly burst: number };
  /** Changes that a tenant may make a day. Default: as many as it likes. */
  readonly writesPerDay?: number;
  /** Events that are kept of one tenant. Default: as the platform keeps them. */
  readonly eventsPerTenant?: number;
  readonly registry?: Registry;
  readonly trustedProxies?: readonly string[];
  readonly mostConnections?: number;
  /** Of them, those that have asked for nothing yet. */
  readonly mostOpening?: number;
  readonly region?: string;
  readonly callNetworks?: readonly string[];
  /** Default: a random one. */
  readonly masterKeys?: MasterKeys;
  readonly corsOrigins?: readonly string[];
  readonly hosts?: readonly string[];
  readonly consoleDir?: string;
  /** Stands between the API and each of its databases. */
  readonly wrap?: (database: Database) => Database;
}): Promise<TestApi> {
  const clock = options.clock ?? systemClock;
  const logLines: string[] = [];
  const log = memoryLog(logLines);
  const metrics = createMetrics();
  const owner = new pg.Pool({ connectionString: options.database.ownerUrl, max: 4 });
  // A pool says that it has ended before its sockets have; the database may be dropped in between.
  owner.on('connect', (client) => client.on('error', () => undefined));
  const { wrap = (database: Database) => database } = options;
  const database = wrap(
    openDatabase(
      { connectionString: options.database.apiUrl, max: 10, min: 1, watchTransactions: true },
      { query: metrics.query },
    ),
  );
  const workerDatabase = wrap(openDatabase({ connectionString: options.database.workerUrl, max: 4, min: 0 }));
  const region = options.region ?? 'us-east-1';
  const sealer = createSealer(options.masterKeys ?? new Map([[1, randomBytes(32)]]));
  const authenticator = createAuthenticator({ database, clock, log });
  const credentials = createAwsCredentials({ database, sealer, authenticator, clock });
  const notifier = startNotifier({ connectionString: options.database.apiUrl, clock, log });
  const feed = createEventFeed({ database, notifier, clock, log, metrics });
  const data = wrap(openDatabase({ connectionString: options.database.dataUrl, max: 4, min: 0 }));
  const stopping = new AbortController();
  const registry =
    options.registry ??
    composeRegistry({
      feed,
      ...(options.eventsPerTenant === undefined ? {} : { eventsPerTenant: options.eventsPerTenant }),
      ...(options.callNetworks ? { callNetworks: options.callNetworks } : {}),
      awsUrl: () => awsUrl(),
      data: { sql: data, notifier, clock: systemClock, log, metrics, stopping: stopping.signal },
      sealer,
      region,
      platformId: '00000000-0000-7000-8000-0000000000ff',
      forgetCallers: authenticator.forget,
      countLogin: metrics.authAttempt,
    });
  const operator = wrap(
    openDatabase({ connectionString: options.database.operatorUrl, max: 2, min: 0, watchTransactions: true }),
  );
  const databases = { api: database, operator, data };
  const writes =
    options.writesPerDay === undefined ? {} : { writes: createWriteBudget(clock, metrics, options.writesPerDay) };
  const execute = createExecute({ databases, registry, sealer, clock, log, metrics, ...writes });
  const folder = mkdtempSync(join(tmpdir(), 'thecloud-live-'));
  const socketPath = join(folder, 'run', 'worker.sock');
  const worker = await serveLive({
    socketPath,
    handlers: options.live ?? {},
    registry,
    database: workerDatabase,
    log,
    onAudited: metrics.audited,
  });
  const live = createLiveClient(socketPath);
  notifier.subscribe(AUTHORITY_CHANNEL, authenticator.forget);
  const rate = options.rates ?? { perSecond: 1e6, burst: 1e6 };
  const shared = {
    registry,
    execute,
    clock,
    log,
    metrics,
    limits: createRates(clock, { perKey: rate, perAddress: rate }),
    shares: createProcessorShares(systemClock, metrics, options.busyMs ?? (() => 0)),
    underWay: createUnderWay(),
    heldBytes: createHeldBytes(clock, metrics),
    untaken: createUntaken(clock, metrics),
    connections: createConnections({ metrics, ...options, most: options.mostConnections }),
    checks: { database_primary: async () => void (await database.query('health.ping', 'select 1 as ok')) },
    trustedProxies: options.trustedProxies ?? [],
    testMode: true,
  };
  const app = createRestServer({
    ...shared,
    authenticator,
    live,
    corsOrigins: options.corsOrigins ?? [],
    hosts: options.hosts ?? [],
    consoleDir: options.consoleDir,
    waiter: createWaiter(notifier, clock),
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const aws = createAwsServer({ ...shared, credentials, region });
  await once(aws.listen(0, '127.0.0.1'), 'listening');
  const awsUrl = () => `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  const agent = new Agent({ connections: 50 });
  const { rows } = await owner.query<{ id: string }>(
    `insert into hosts (name, vcpus, memory_mb, disk_gb, last_seen_at) values ('test-host', 100000, 100000000, 1000000, now()) returning id`,
  );
  const hostId = rows[0]!.id;

  const documented = new Map(
    Object.values(
      buildOpenApi(registry).paths as Record<
        string,
        Record<string, { operationId: string; responses: Record<string, { description: string }> }>
      >,
    )
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId, responses }) => [operationId, responses]),
  );
  const checkDocumented = (name: string, { status, code, text }: Answer) => {
    const described = documented.get(name)![status];
    if (!described || (code !== undefined && !described.description.includes(code)))
      throw new Error(`${name} answered ${status} ${code ?? ''}, which its document lacks: ${text.slice(0, 300)}`);
  };

  const send: TestApi['send'] = async (method, path, { key, headers, body, signal } = {}) => {
    const answered = await request(`${url}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: {
        ...(key === undefined ? {} : { 'x-api-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
    return readAnswer(answered.statusCode, answered.headers, await answered.body.text());
  };
  /** Asks for a websocket, and leaves it at once. */
  const visit = async (path: string, { key, headers }: RequestOptions): Promise<Answer> => {
    const opened = await openTestSocket(`${url}${path}`, {
      ...(key === undefined ? {} : { 'x-api-key': key }),
      ...headers,
    });
    opened.socket?.close();
    if (opened.socket) await opened.closed;
    return readAnswer(opened.status, opened.headers, opened.text);
  };

  const glance = async (path: string, { key, headers }: RequestOptions): Promise<Answer> => {
    const seen = await glanceAt(`${url}${path}`, { ...(key === undefined ? {} : { 'x-api-key': key }), ...headers });
    return readAnswer(seen.status, seen.headers, seen.text);
  };

  const makeUser = async (platformRole: string): Promise<{ userId: string; email: string }> => {
    const userId = newId();
    const email = `${uniqueWord()}@example.com`;
    await owner.query('insert into users (id, email, password_hash, name, role) values ($1, $2, $3, $4, $5)', [
      userId,
      email,
      PASSWORD_HASH,
      'Some Body',
      platformRole,
    ]);
    return { userId, email };
  };
  const insertKey = async (
    of: { userId: string; tenantId: string },
    state: { expired?: boolean; revoked?: boolean } = {},
  ): Promise<{ key: string; keyId: string }> => {
    const key = `thecloud_${randomBytes(16).toString('hex')}`;
    const keyId = newId();
    await owner.query(
      // As a person who is logged in: in all their tenants.
      `insert into api_keys (id, user_id, tenant_id, key, name, expires_at, revoked_at, all_tenants)
       values ($1, $2, $3, $4, $5, case when $6 then now() - interval '1 second' end, case when $7 then now() end, true)`,
      [keyId, of.userId, of.tenantId, sha256Hex(key), 'a test', state.expired ?? false, state.revoked ?? false],
    );
    return { key, keyId };
  };
  const joinTenant = async (
    user: { userId: string; email: string },
    tenantId: string,
    role: string,
  ): Promise<Actor> => {
    await owner.query('insert into memberships (tenant_id, user_id, role) values ($1, $2, $3)', [
      tenantId,
      user.userId,
      role,
    ]);
    await owner.query('update users set default_tenant_id = $2 where id = $1', [user.userId, tenantId]);
    return { ...user, tenantId, ...(await insertKey({ userId: user.userId, tenantId })) };
  };

  const end = async () => {
    stopping.abort();
    try {
      await agent.close();
      await app.close();
      aws.closeAllConnections();
      await new Promise((resolve) => aws.close(resolve));
      await Promise.all([authenticator.stop(), feed.stop(), notifier.stop(), live.stop(), worker.stop()]);
      await Promise.all([database, operator, data, workerDatabase].map((one) => one.close()));
      await owner.end();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  let ended: Promise<void> | undefined;
  return {
    url,
    awsUrl: awsUrl(),
    registry,
    execute,
    live,
    database: signScopes(database, owner),
    metrics,
    sealer,
    owner,
    logLines,
    async countOf(operation) {
      const text = await metrics.prometheus.getSingleMetricAsString('thecloud_operation_duration_seconds');
      return Number(new RegExp(`_count\\{operation="${operation}",outcome="ok"\\} (\\d+)`).exec(text)?.[1] ?? 0);
    },
    hostId,
    send,
    call(name, input, actor, { query, ...rest } = {}) {
      const { http, answer: shape } = registry.entries.get(name)!.descriptor;
      const { method, path } = http;
      const where = whereOf(path, method, input) + (query ? `?${query}` : '');
      const options = { ...rest, ...(actor ? { key: actor.key } : {}), ...bodyOf(path, method, input) };
      const ask = shape === 'socket' ? visit : shape === 'events' ? glance : undefined;
      return (ask ? ask(where, options) : send(method, where, options)).then((answer) => {
        checkDocumented(name, answer);
        return answer;
      });
    },
    async makeActor({ platformRole = 'developer' } = {}) {
      const user = await makeUser(platformRole);
      const tenantId = newId();
      const account = String(100_000_000_000 + ++unique);
      await owner.query('insert into tenants (id, name, slug, owner_id, account_number) values ($1, $2, $3, $4, $5)', [
        tenantId,
        'A tenant',
        uniqueWord(),
        user.userId,
        account,
      ]);
      await owner.query(
        `insert into quotas (tenant_id, resource, max) select $1, resource, 1000000000 from unnest($2::text[]) as resource`,
        [tenantId, [...registry.quotas.keys()].filter((resource) => resource !== 'api_keys')],
      );
      return joinTenant(user, tenantId, 'owner');
    },
    makeMember: async (tenantId, role) => joinTenant(await makeUser('developer'), tenantId, role),
    makeKey: async (of, state) => (await insertKey(of, state)).key,
    worldOf: (actor) => ({
      owner,
      tenantId: actor.tenantId,
      userId: actor.userId,
      email: actor.email,
      password: PASSWORD,
      hostId,
      seal: sealer.seal,
      unique: uniqueWord,
    }),
    stop: () => (ended ??= end()),
  };
}
