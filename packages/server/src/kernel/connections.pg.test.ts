import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Seeded, seedDatabase } from '../testing/seed.ts';
import { memoryLog, uniqueWord } from '../testing/test-api.ts';
import { systemClock } from './clock.ts';
import { lockHost } from './host-lock.ts';
import { startNotifier } from './notifier.ts';

let db: Seeded;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());

/** As the role that they are of: the owner may not. */
const endBackends = (applicationName: string) =>
  db.worker.query(
    'test.end_backends',
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1',
    [applicationName],
  );

describe('the notifier', () => {
  const start = (lines: string[] = []) =>
    startNotifier({
      connectionString: db.test.workerUrl,
      clock: systemClock,
      log: memoryLog(lines),
    });
  const listening = () =>
    eventually('it listens', async () => {
      const rows = await db.worker.query(
        'test.listening',
        `select 1 as ok from pg_stat_activity
         where datname = current_database() and application_name = 'thecloud-listen' and query like 'listen%' and state = 'idle'`,
      );
      return rows.length === 1;
    });

  it('tells who subscribed to the channel, until they stop', async () => {
    const notifier = start();
    const heard: string[] = [];
    const stop = notifier.subscribe('one', (payload) => heard.push(payload));
    notifier.subscribe('two', (payload) => heard.push(`two ${payload}`));
    await listening();
    await db.owner.query(`select pg_notify('one', 'a')`);
    await eventually('told', () => heard.includes('a'));
    stop();
    await db.owner.query(`select pg_notify('one', 'b'), pg_notify('two', 'c')`);
    await eventually('told', () => heard.includes('two c'));
    expect(heard).not.toContain('b');
    expect(() => notifier.subscribe('three; drop', () => undefined)).toThrow('cannot be the name of a channel');
    await notifier.stop();
  });

  it('listens to a channel from the moment that somebody subscribes to it', async () => {
    const notifier = start();
    notifier.subscribe('one', () => undefined);
    await listening();
    const heard: string[] = [];
    notifier.subscribe('late', (payload) => heard.push(payload));
    await eventually('the first word', () => heard.includes(''));
    await db.owner.query(`select pg_notify('late', 'd')`);
    await eventually('told', () => heard.includes('d'));
    await notifier.stop();
  });

  it('connects again after its backend was killed, and says that something may have been missed', async () => {
    const lines: string[] = [];
    const notifier = start(lines);
    const heard: string[] = [];
    notifier.subscribe('one', (payload) => heard.push(payload));
    await listening();
    await eventually('the first word', () => heard.length === 1);
    await endBackends('thecloud-listen');
    await eventually('it is back', () => heard.length === 2);
    expect(heard).toEqual(['', '']);
    expect(lines.join()).toContain('reconnecting');
    await db.owner.query(`select pg_notify('one', 'after')`);
    await eventually('told', () => heard.includes('after'));
    await notifier.stop();
  });

  it('stops also while it cannot connect', async () => {
    const lines: string[] = [];
    const notifier = startNotifier({
      connectionString: 'postgres://nobody@127.0.0.1:1/none',
      clock: systemClock,
      log: memoryLog(lines),
    });
    await eventually('a failure', () => lines.join().includes('cannot listen'));
    const began = performance.now();
    await notifier.stop();
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('stops also while it connects', async () => {
    for (let i = 0; i < 5; i++) {
      const notifier = start();
      await notifier.stop();
    }
    const rows = () =>
      db.worker.query(
        'test.left',
        `select 1 as ok from pg_stat_activity where datname = current_database() and application_name = 'thecloud-listen'`,
      );
    await eventually('no connection is left', async () => (await rows()).length === 0);
  });
});

describe('the lock on a host', () => {
  const lock = (host: string, waitMs: number, signal?: AbortSignal) =>
    lockHost({ connectionString: db.test.workerUrl, host, waitMs, clock: systemClock, ...(signal ? { signal } : {}) });

  it('is held by one, refused to the second after its wait, and given on', async () => {
    const host = uniqueWord();
    const first = await lock(host, 0);
    await expect(lock(host, 250)).rejects.toThrow(`another worker of the host '${host}' is running`);
    const other = await lock(uniqueWord(), 0);
    const waiting = lock(host, 5000);
    await first.release();
    await first.lost;
    const second = await waiting;
    await Promise.all([second.release(), other.release()]);
  });

  it('is free once its holder has died, who learns of it', async () => {
    const host = uniqueWord();
    const first = await lock(host, 0);
    await endBackends('thecloud-host-lock');
    await first.lost;
    const second = await lock(host, 2000);
    await second.release();
  });

  it('is waited for no longer than one wants', async () => {
    const host = uniqueWord();
    const first = await lock(host, 0);
    const ending = new AbortController();
    const waiting = lock(host, 60_000, ending.signal);
    setTimeout(() => ending.abort(new Error('the worker stops')), 50);
    await expect(waiting).rejects.toThrow('the worker stops');
    await first.release();
  });
});
