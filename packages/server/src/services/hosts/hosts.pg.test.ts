import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Availability } from '../../kernel/availability.ts';
import { systemClock } from '../../kernel/clock.ts';
import { every } from '../../kernel/every.ts';
import { eventually, type Seeded, seedDatabase } from '../../testing/seed.ts';
import { memoryLog, uniqueWord } from '../../testing/test-api.ts';
import { presentHost } from './host.ts';
import { listHosts } from './host-repository.pg.ts';
import { createHostWorker, type HostDeps, reportHost } from './report-host.ts';

let db: Seeded;
let warning: string | undefined;
let compute: Availability;
let network: Availability;
beforeAll(async () => {
  db = await seedDatabase();
});
afterAll(() => db.drop());
beforeEach(() => {
  compute = network = { ok: true };
  warning = undefined;
});

const deps = (lines: string[] = []): HostDeps => ({
  database: db.worker,
  log: memoryLog(lines),
  engines: [{ availability: async () => compute }, { availability: async () => network }],
  capacity: async () => ({ vcpus: 8, memoryMb: 16_384, diskGb: 200, ...(warning === undefined ? {} : { warning }) }),
  hostName: `host-${uniqueWord()}`,
  overcommit: { cpu: 4, memory: 1.5, disk: 2 },
});
const hostNamed = async (name: string) => (await db.owner.query('select * from hosts where name = $1', [name])).rows[0];

describe('the report of a host', () => {
  it('says what it has and how much may be promised', async () => {
    const one = deps();
    const id = await reportHost(one);
    expect(await reportHost(one)).toBe(id);
    expect(await hostNamed(one.hostName)).toMatchObject({
      id,
      vcpus: 8,
      memory_mb: 16_384,
      disk_gb: 200,
      overcommit_cpu: 4,
      overcommit_memory: 1.5,
      overcommit_disk: 2,
      state: 'up',
      state_reason: null,
    });
  });

  it('says what is missing on one that cannot work', async () => {
    const one = deps();
    compute = { ok: false, missing: 'no Incus.' };
    network = { ok: false, missing: 'no nftables.' };
    await reportHost(one);
    expect(await hostNamed(one.hostName)).toMatchObject({
      vcpus: 0,
      state: 'unavailable',
      state_reason: 'no Incus. no nftables.',
    });
    compute = network = { ok: false, missing: 'no root.' };
    await reportHost(one);
    expect(await hostNamed(one.hostName)).toMatchObject({ state_reason: 'no root.' });
    compute = network = { ok: true };
    await reportHost(one);
    expect(await hostNamed(one.hostName)).toMatchObject({ vcpus: 8, state: 'up', state_reason: null });
  });

  it('says what runs short on one that is up, and logs it once', async () => {
    const lines: string[] = [];
    const one = deps(lines);
    const [repeat] = createHostWorker(one).repeats!;
    const reportTwice = async () => {
      for (let turn = 0; turn < 2; turn++) await repeat!.run(new AbortController().signal);
    };
    await reportTwice();
    warning = 'the storage pool has 1 GiB left';
    await reportTwice();
    expect(await hostNamed(one.hostName)).toMatchObject({ vcpus: 8, state: 'up', state_reason: warning });
    warning = undefined;
    await reportTwice();
    expect(await hostNamed(one.hostName)).toMatchObject({ state: 'up', state_reason: null });
    const told = lines.map((line) => JSON.parse(line) as { msg: string; reason?: string });
    expect(told.map(({ msg, reason }) => [msg, reason])).toEqual([
      ['the host has a problem', 'the storage pool has 1 GiB left'],
      ['the host has recovered', undefined],
    ]);
  });

  it('is repeated by the worker', async () => {
    const one = deps();
    const [repeat] = createHostWorker(one).repeats!;
    const repeated = every(1, repeat!.name, repeat!.run, { clock: systemClock, log: memoryLog([]) });
    await eventually('the first report', async () => (await hostNamed(one.hostName))?.state === 'up');
    network = { ok: false, missing: 'no nftables.' };
    await eventually('a later one', async () => (await hostNamed(one.hostName)).state === 'unavailable');
    await repeated.stop();
    expect(repeat!.ms).toBe(5_000);
  });
});

describe('the list of hosts', () => {
  it('is in pages, and shows each with what it has, what is promised and when it was seen', async () => {
    for (const column of ['promised_vcpus', 'promised_memory_mb', 'promised_disk_gb'])
      await db.owner.query(`alter table hosts add column if not exists ${column} bigint not null default 0`);
    await db.owner.query('delete from hosts');
    const up = deps();
    const down = deps();
    const ids = [await reportHost(up)];
    compute = { ok: false, missing: 'no Incus.' };
    ids.push(await reportHost(down));
    const list = async (limit: number, after: string | null) =>
      (await db.worker.transaction({}, (sql) => listHosts(sql, { limit, after }))).map((row) => row.id);
    const newest = ids.sort().reverse();
    expect(await list(1, null)).toEqual(newest);
    expect(await list(1, newest[0]!)).toEqual([newest[1]]);
    const shown = (await db.worker.transaction({}, (sql) => listHosts(sql, { limit: 9, after: null }))).map(
      presentHost,
    );
    expect(shown.find((one) => one.name === up.hostName)).toEqual({
      id: expect.any(String),
      name: up.hostName,
      state: 'up',
      capacity: { vcpus: 8, memory_mb: 16_384, disk_gb: 200 },
      promised: { vcpus: 0, memory_mb: 0, disk_gb: 0 },
      overcommit: { cpu: 4, memory: 1.5, disk: 2 },
      last_seen_at: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(shown.find((one) => one.name === down.hostName)).toMatchObject({
      state: 'unavailable',
      state_reason: 'no Incus.',
    });
  });
});
