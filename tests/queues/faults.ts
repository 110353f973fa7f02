import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { QueueWorld } from './world.ts';

/** Does its harm until the signal, then mends it. Gives how many times it struck. */
export type Faults = (world: QueueWorld, random: (below: number) => number, ended: AbortSignal) => Promise<number>;

/** Strikes at random moments, so far apart at least and at most in milliseconds. */
function at(
  least: number,
  most: number,
  strike: (world: QueueWorld, random: (below: number) => number) => Promise<unknown>,
): Faults {
  return async (world, random, ended) => {
    let count = 0;
    for (;;) {
      await pause(least + random(most - least), undefined, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return count;
      await strike(world, random);
      count++;
    }
  };
}

/** kill -9 of one process after the other, each of which is started again; one that is not back yet is spared. */
function kills(least: number, most: number, parts: readonly ('api' | 'worker' | 'postgres')[]): Faults {
  return async (world, random, ended) => {
    const victims = [
      ...parts.map((part) => () => world.platform.kill(part)),
      ...world.apis.map((api) => () => api.replace()),
    ];
    const away = new Set<() => Promise<unknown>>();
    const returns: Promise<unknown>[] = [];
    const count = await at(least, most, async () => {
      const idle = victims.filter((victim) => !away.has(victim));
      const victim = idle[random(idle.length)];
      if (!victim) return;
      away.add(victim);
      returns.push(victim().finally(() => away.delete(victim)));
    })(world, random, ended);
    await Promise.all(returns);
    return count;
  };
}

const killProcesses = kills(200, 900, ['api', 'worker']);
const killAnything = kills(200, 1_000, ['postgres', 'api', 'worker']);

/** An orderly restart, which ends every session: the supervisor starts PostgreSQL again. */
const restartPostgres: Faults = at(500, 1_500, async ({ platform }) => {
  process.kill(await platform.pid('postgres'), 'SIGINT');
});

const killBackends: Faults = at(50, 400, async (world, random) => {
  const superuser = await connect(world);
  try {
    await superuser.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where usename in ('cloud_api', 'cloud_data', 'cloud_worker') and ($1 = 0 or pid % 3 = $1 - 1)`,
      [random(4)],
    );
  } finally {
    await superuser.end().catch(() => undefined);
  }
});

/**
 * First the messages' table is locked, so that every connection of every pool waits; then all of the server's connections are taken, the
 * platform's own ended, so that none can be opened.
 */
const exhaustPools: Faults = at(200, 600, async (world, random) => {
  const superuser = await connect(world);
  try {
    await superuser.query('begin; lock table queue_messages in access exclusive mode');
    await pause(700 + random(800));
    await superuser.query('rollback');
    await pause(random(300));
    const taken: pg.Client[] = [];
    await superuser.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename in ('cloud_api', 'cloud_data', 'cloud_worker')`,
    );
    for (let tries = 0; tries < 300; tries++) {
      const client = await connect(world, 'cloud').catch(() => undefined);
      if (client) taken.push(client);
      else break;
    }
    await pause(300 + random(500));
    await Promise.all(taken.map((client) => client.end()));
  } finally {
    await superuser.end().catch(() => undefined);
  }
});

type Scenes = readonly (readonly [string, Faults])[];

/** A few seconds each. */
export const QUICK_SCENES: Scenes = [
  ['backends of PostgreSQL are ended', killBackends],
  ['processes are killed', killProcesses],
  ['PostgreSQL restarts', restartPostgres],
  ['everything is killed again and again', killAnything],
];

/** Calls that wait for a connection wait until their deadline, so that the last scene takes a minute by itself. */
export const SCENES: Scenes = [...QUICK_SCENES, ['no connection is to be had', exhaustPools]];

/** As the superuser, who gets in when nobody else does. */
export async function connect({ platform }: QueueWorld, user: 'postgres' | 'cloud' = 'postgres'): Promise<pg.Client> {
  const secrets = JSON.parse(readFileSync(join(platform.dataDir, 'secrets', 'database.json'), 'utf8'));
  const client = new pg.Client({
    host: '127.0.0.1',
    port: platform.pgPort,
    user,
    password: user === 'postgres' ? secrets.superuser : secrets.owner,
    database: 'thecloud',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
