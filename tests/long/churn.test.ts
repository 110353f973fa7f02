import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Client,
  createTenant,
  findEngineObstacle,
  type RunningPlatform,
  startPlatform,
} from '../../packages/testkit/src/platform-api.ts';
import { addTypes, createVpc, deleteAll, launch, sh, waitUntilGone } from '../acceptance/instances.ts';

/** How long there is churn, in seconds: a third while incusd is killed now and then, the rest while it is not. */
const SECONDS = Number(process.env['CHURN_SECONDS'] ?? 600);
const KILL_EVERY_MS = 15_000;
/**
 * MiB that a process may grow by for each instance. liblxc leaves 0.36 in incusd, which is ended at 512 MiB (incusd-memory.ts); a collector of garbage is
 * not done within minutes.
 */
const GROWTH = 0.75;
/** Milliseconds until what is swept each minute is gone. */
const SWEPT_MS = 90_000;

/** Milliseconds for which launches may be refused. */
const REFUSED_MS = 20_000;

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the churn of instances: ${obstacle}`);

const PARTS = ['supervisor', 'api', 'worker', 'incusd'] as const;

/** What there is while no instance and no VPC is. */
interface Reading {
  /** On the host and in the database; none of it may become more. */
  readonly counts: Readonly<Record<string, number>>;
  /** MiB and open files of each of our processes. */
  readonly memory: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, number>>;
}

describe.skipIf(obstacle !== undefined)('after minutes of launches, reboots and deletions', () => {
  let platform: RunningPlatform;
  const tenants: Client[] = [];

  beforeAll(async () => {
    platform = await startPlatform();
    await createTenant(platform, 'operator');
    await addTypes(platform);
    for (const name of ['one', 'two']) tenants.push(await createTenant(platform, name));
  });
  afterAll(() => platform?.close());

  test('nothing on the host or in the database has become more', async () => {
    // What is made once and stays: projects, images, the first connections.
    await churn(platform, tenants, 10_000, false);
    const first = await readQuiet(platform, tenants);
    await churn(platform, tenants, (SECONDS * 1000) / 3, true);
    const second = await readQuiet(platform, tenants, first);
    const made = await churn(platform, tenants, (SECONDS * 2000) / 3, false);
    const third = await readQuiet(platform, tenants, first);
    console.info(`${JSON.stringify({ first, second, third }, null, 2)}`);
    for (const reading of [second, third])
      for (const [what, count] of Object.entries(reading.counts))
        expect(count, what).toBeLessThanOrEqual(first.counts[what] ?? 0);
    for (const part of PARTS) {
      const grown = third.memory[part]! - second.memory[part]!;
      expect(grown / Math.max(50, made), `MiB an instance of ${part}`).toBeLessThan(GROWTH);
      // A few connections come and go.
      expect(third.files[part]! - second.files[part]!, `open files of ${part}`).toBeLessThan(10);
    }
  });
});

/** Does what tenants do, again and again. Returns how many instances there were. */
async function churn(platform: RunningPlatform, tenants: readonly Client[], ms: number, kills: boolean) {
  const until = performance.now() + ms;
  let made = 0;
  const live = async (client: Client, lane: number): Promise<void> => {
    const vpc = `net-${lane}`;
    while (performance.now() < until) {
      const { id: vpcId } = await createVpc(client, vpc);
      for (let nth = 0; nth < 3 && performance.now() < until; nth++) {
        const { id } = await patiently(() => launch(client, `vm-${lane}-${nth}`, { vpc_id: vpc }));
        // While incusd is killed a command may fail; a reboot and a deletion may not.
        await sh(client, id, 'echo there').catch((error: unknown) => {
          if (!kills) throw error;
        });
        if (nth % 2 === 0) await client.ask('POST', `/instances/${id}/reboot?wait=60`);
        await client.ask('DELETE', `/instances/${id}`);
        await waitUntilGone(platform, client, `/instances/${id}`);
        made++;
      }
      await client.ask('DELETE', `/vpcs/${vpcId}`);
      await waitUntilGone(platform, client, `/vpcs/${vpcId}`);
    }
  };
  const kill = async (): Promise<void> => {
    while (kills && performance.now() + KILL_EVERY_MS < until) {
      await pause(KILL_EVERY_MS);
      await platform.kill('incusd');
    }
  };
  await Promise.all([...tenants.map(live), kill()]);
  console.info(`${made} instances were launched and deleted in ${Math.round(ms / 1000)} s`);
  return made;
}

/** While incusd starts, a launch is refused with 503. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + REFUSED_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until || !String(error).includes(': 503 ')) throw error;
    }
    await pause(250);
  }
}

/** Once all is deleted, and what is swept is as little as it was at first. */
async function readQuiet(platform: RunningPlatform, tenants: readonly Client[], first?: Reading): Promise<Reading> {
  for (const client of tenants) await deleteAll(platform, client);
  const deadline = performance.now() + SWEPT_MS;
  for (;;) {
    const reading = await read(platform);
    const isClean = Object.entries(reading.counts).every(([what, count]) => count <= (first?.counts[what] ?? 0));
    if (isClean || performance.now() > deadline) return reading;
    if (first === undefined && performance.now() > deadline - SWEPT_MS + 5_000) return reading;
    await pause(2_000);
  }
}

async function read(platform: RunningPlatform): Promise<Reading> {
  const pids = Object.fromEntries(
    await Promise.all(PARTS.map(async (part) => [part, await platform.pid(part)] as const)),
  );
  const mark = platform.mark();
  const incus = `${platform.dataDir}/incus`;
  const pool = `/proc/${pids['incusd']}/root${incus}/storage-pools/cloud`;
  const list = (folder: string): readonly string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const [rows] = await platform.query<Record<string, number>>(
    `select (select count(*) from instances)::int as "rows of instances", (select count(*) from vpcs)::int as "rows of VPCs",
       (select count(*) from network_interfaces)::int as "rows of interfaces", (select count(*) from stream_tickets where expires_at < now() - interval '2 minutes')::int as "rows of tickets",
       (select count(*) from reconcile where kind in ('instance', 'vpc'))::int as "rows of work"`,
  );
  const counts: Record<string, number> = {
    ...rows,
    links: lines('ip', ['-n', `tc-${mark}-cloud`, '-o', 'link']).length,
    namespaces: list('/run/netns').filter((name) => name.startsWith(`tc-${mark}-`)).length,
    mounts: readFileSync(`/proc/${pids['incusd']}/mounts`, 'utf8').split('\n').length,
    cgroups: list('/sys/fs/cgroup').flatMap((root) =>
      list(`/sys/fs/cgroup/${root}`).filter((name) => name.includes(`_i${mark}-`)),
    ).length,
    processes: lines('ps', ['-eo', 'args']).filter((line) => line.includes(`i${mark}-`)).length,
    limits: lines('ip', ['netns', 'exec', `tc-${mark}-cloud`, 'nft', 'list', 'ruleset']).filter((line) =>
      /chain c_i/.test(line),
    ).length,
    disks: list(`${pool}/containers`).length,
    // Each has its room until nothing uses it.
    'deleted disks': lines('nsenter', [
      `--mount=/proc/${pids['incusd']}/ns/mnt`,
      '--',
      'btrfs',
      'subvolume',
      'list',
      '-d',
      `${incus}/storage-pools/cloud`,
    ]).length,
  };
  for (const folder of [
    'logs',
    'containers',
    'devices',
    'shmounts',
    'machine-backups',
    'security/seccomp',
    'security/apparmor/profiles',
  ])
    counts[`files in ${folder}`] = list(`${incus}/${folder}`).length;
  const memory: Record<string, number> = {};
  const files: Record<string, number> = {};
  for (const part of PARTS) {
    memory[part] =
      Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pids[part]}/status`, 'utf8'))![1]) / 102.4) / 10;
    files[part] = readdirSync(`/proc/${pids[part]}/fd`).length;
  }
  return { counts, memory, files };
}

const lines = (program: string, words: readonly string[]): readonly string[] =>
  execFileSync(program, words, { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
