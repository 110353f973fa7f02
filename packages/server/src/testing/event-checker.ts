import type pg from 'pg';
import { createClient, followEvents, type StreamedEvent } from '../../../sdk/src/index.ts';
import { withClient } from '../../../testkit/src/index.ts';
import { recordEvent } from '../kernel/audit.ts';
import { newId } from '../kernel/ids.ts';
import type { Sql } from '../kernel/sql/tx.ts';
import { memberWith } from './machines.ts';
import type { TestApi } from './test-api.ts';

interface Seen {
  readonly resource_id: string;
  readonly tenant_id: string;
  readonly metadata: { readonly n: number };
}

export interface CheckOptions {
  readonly api: TestApi;
  /** A place where cloud_api can end its own connections, and where writers write. */
  readonly urls: { readonly apiUrl: string; readonly workerUrl: string };
  readonly seed: number;
  /** Transactions of each of the 16 writers. */
  readonly transactions: number;
}

export interface Checked {
  readonly committed: number;
  readonly cuts: number;
  readonly kills: number;
}

const WRITERS = 16;
const RESOURCES = 12;
const FOLLOWERS = 4;
/** Longest wait for the last event. */
const END_MS = 20_000;

/** Ends all other connections of a role, as a restart of the database would. */
export const endConnections = (url: string): Promise<unknown> =>
  withClient(url, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`,
    ),
  );

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Sixteen writers commit events of twelve resources, some late, some never; followers read them over connections that are cut, from an API
 * whose database connections are ended. Each event carries the resource's own count, so that every follower must have 1, 2, 3 … of each. Throws
 * Error with what is wrong.
 */
export async function checkEvents({ api, urls, seed, transactions }: CheckOptions): Promise<Checked> {
  const random = randomFrom(seed);
  const actor = await api.makeActor();
  const stranger = await api.makeActor();
  const blind = await memberWith(api, actor, ['event:read', 'instance:read']);
  const { rows } = await api.owner.query<{ id: string }>(
    `insert into vpcs (user_id, tenant_id, name, cidr_block, network_id, version)
     select $1, $2, 'checked-' || n, '10.0.0.0/16', 'n', 0 from generate_series(1, $3) as n returning id`,
    [actor.userId, actor.tenantId, RESOURCES],
  );
  const ids = rows.map((row) => row.id);
  const ending = new AbortController();
  let cuts = 0;

  /** A fetch whose connection is cut after a while. */
  const cut: typeof fetch = async (input, init) => {
    const cutting = new AbortController();
    const timer = setTimeout(() => cutting.abort(new TypeError('cut')), 20 + random() * 800);
    ending.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    cuts++;
    return fetch(input, { ...init, signal: AbortSignal.any([init!.signal!, cutting.signal]) });
  };
  const follow = async (key: string, seen: StreamedEvent<Seen>[]): Promise<void> => {
    const { transport } = createClient({ endpoint: api.url, apiKey: key, fetch: cut, retryDelayMs: 20 });
    const spec = { name: 'events.stream', method: 'GET', path: '/events/stream', answer: 'events' } as const;
    const stream = followEvents<Seen>(transport, spec, { after: from }, { signal: ending.signal });
    try {
      for await (const event of stream) seen.push(event);
    } catch (error) {
      if (!ending.signal.aborted) throw error;
    }
  };
  const from = await positionOf(api, actor.key);
  const seenBy: StreamedEvent<Seen>[][] = Array.from({ length: FOLLOWERS }, () => []);
  const foreign: StreamedEvent<Seen>[] = [];
  const following = [
    ...seenBy.map((seen) => follow(actor.key, seen)),
    follow(stranger.key, foreign),
    follow(blind.key, foreign),
  ];
  const failed = Promise.all(following);
  failed.catch(() => undefined);

  let isWriting = true;
  let kills = 0;
  const killing = (async () => {
    while (isWriting) {
      await pause(200 + random() * 400);
      await endConnections(urls.apiUrl);
      kills++;
    }
  })();
  await Promise.all(
    Array.from({ length: WRITERS }, () => write(urls.workerUrl, actor.tenantId, ids, transactions, random)),
  );
  isWriting = false;
  await killing;

  const { rows: counted } = await api.owner.query<{ id: string; version: number }>(
    'select id, version from vpcs where id = any ($1)',
    [ids],
  );
  const committed = counted.reduce((sum, { version }) => sum + version, 0);
  const deadline = performance.now() + END_MS;
  while (performance.now() < deadline && !seenBy.every((seen) => seen.length >= committed))
    await Promise.race([pause(20), failed]);
  // What would come twice has time to come.
  await pause(500);
  ending.abort(new Error('checked'));
  await failed;
  for (const [follower, seen] of seenBy.entries()) {
    for (const { id, version } of counted) {
      const own = seen.filter(({ data }) => data.resource_id === id).map(({ data }) => data.metadata.n);
      const wrong = own.findIndex((n, place) => n !== place + 1);
      if (wrong >= 0)
        throw new Error(
          `seed ${seed}: follower ${follower} got ${own.slice(Math.max(0, wrong - 3), wrong + 4)} of ${id}, from place ${wrong}`,
        );
      if (own.length !== version)
        throw new Error(`seed ${seed}: follower ${follower} got ${own.length} of ${version} events of ${id}`);
    }
  }
  if (foreign.length > 0) throw new Error(`seed ${seed}: ${foreign.length} events came to who may not see them`);
  return { committed, cuts, kills };
}

async function positionOf(api: TestApi, key: string): Promise<string> {
  const answer = await api.call('events.stream', {}, { key });
  const id = /^id: (\S+)$/m.exec(answer.text)?.[1];
  if (id === undefined) throw new Error(`no position in ${answer.text}`);
  return id;
}

/** Writes events, each with the next count of its resource, in transactions as real ones are: with locks, waits, and ends of every kind. */
async function write(
  url: string,
  tenantId: string,
  ids: readonly string[],
  transactions: number,
  random: () => number,
): Promise<void> {
  await withClient(url, async (client: pg.Client) => {
    const sql: Sql = { query: async (_, text, values) => (await client.query(text, values as unknown[])).rows };
    for (let nth = 0; nth < transactions; nth++) {
      const chance = random();
      await client.query(`begin; set local cloud.tenant_id = '${tenantId}'`);
      // Its number is older than that of others whose events come first.
      if (chance < 0.3) {
        await client.query('select pg_current_xact_id()');
        await pause(random() * 10);
      }
      const id = ids[Math.floor(random() * ids.length)]!;
      const { rows } = await client.query<{ version: number }>(
        'update vpcs set version = version + 1 where id = $1 returning version',
        [id],
      );
      await recordEvent(sql, {
        id: newId(),
        tenantId,
        actor: 'system:checker',
        type: 'VPC_CHECKED',
        resourceType: 'vpc',
        resourceId: id,
        metadata: { n: rows[0]!.version },
      });
      if (chance > 0.97) await pause(300);
      else if (chance > 0.6) await pause(random() * 5);
      await client.query(random() < 0.1 ? 'rollback' : 'commit');
    }
  });
}
