import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, truncateSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Client,
  createTenant,
  findEngineObstacle,
  type RunningPlatform,
  startPlatform,
  waitFor,
} from '../../packages/testkit/src/platform-api.ts';
import { addTypes, launch, sh, tiny, waitForStatus } from './instances.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, a full data disk: ${obstacle}`);

const MIB = 1024 ** 2;
/** Writes a lot, once, when it is told to. */
const WRITER =
  'while [ ! -e /go ]; do sleep 1; done; [ -e /big ] || dd if=/dev/zero of=/big bs=1M count=600; sync; sleep 98765';

/** A platform whose data folder is on a disk of 3 GiB that others fill. The steps build on each other. */
describe.skipIf(obstacle !== undefined)('a data disk that fills up', { timeout: 90_000 }, () => {
  let disk: string;
  let platform: RunningPlatform;
  let client: Client;

  beforeAll(async () => {
    disk = mkdtempSync('/tmp/tcd-');
    closeSync(openSync(`${disk}.img`, 'w'));
    truncateSync(`${disk}.img`, 3 * 1024 * MIB);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', `${disk}.img`]);
    execFileSync('mount', ['-o', 'loop', `${disk}.img`, disk]);
    platform = await startPlatform({ parent: disk, env: { CLOUD_STORAGE_SIZE_GB: '2' } });
    client = await createTenant(platform, 'full-disk');
    await addTypes(platform);
    await launch(client, 'web', { cmd: ['sh', '-c', WRITER] });
  }, 120_000);

  afterAll(async () => {
    try {
      rmSync(`${disk}/others`, { force: true });
      await platform?.close();
    } finally {
      // The kernel frees the loop device of the pool some time after its last user went.
      await waitFor('the disk to be unmounted', () => {
        execFileSync('umount', [disk], { stdio: 'ignore' });
        return true;
      });
      rmSync(disk, { recursive: true });
      rmSync(`${disk}.img`);
    }
  }, 120_000);

  const free = (): number => {
    const { bavail, bsize } = statfsSync(disk);
    return bavail * bsize;
  };
  /** Others take all but this much. PostgreSQL and the pool write a few megabytes during the test. */
  let taken = 0;
  function fillUpTo(left: number): void {
    taken += Math.max(0, free() - left);
    // Another process may take the last block.
    spawnSync('fallocate', ['--length', String(taken), `${disk}/others`]);
  }
  const health = async (): Promise<{ status: string; checks: Record<string, string> }> => {
    const answer = await fetch(`${platform.address}/health`, { signal: AbortSignal.timeout(5_000) });
    return (await answer.json()) as { status: string; checks: Record<string, string> };
  };
  const waitForCheck = (name: string, words: RegExp) =>
    waitFor(
      `${name} to be ${words}`,
      async (saw) => {
        const { checks } = await health();
        saw(JSON.stringify(checks));
        return words.test(checks[name] ?? '');
      },
      { explain: platform.explain, deadlineMs: 30_000 },
    );

  test('is told before it is full, and nothing more is promised', async () => {
    expect((await health()).status).toBe('UP');
    fillUpTo(150 * MIB);
    await waitForCheck(
      'storage',
      /^DOWN: the disk of the data folder has \d+ MiB left, and the platform reserves 256 MiB; free some space on it$/,
    );
    expect((await health()).status).toBe('DEGRADED');
    const refused = await client.call('POST', '/instances', tiny('late'));
    expect([refused.status, refused.code]).toEqual([409, 'INSUFFICIENT_CAPACITY']);
    expect(await client.ask('GET', '/instances')).toHaveLength(1);
    expect((await client.call('POST', '/vpcs', { name: 'still' })).status).toBe(201);
  });

  test('refuses what is new while there is room for what frees some', async () => {
    fillUpTo(40 * MIB);
    const refused = await waitFor(
      'a refusal',
      async (saw) => {
        const answer = await client.call('POST', '/vpcs', { name: `late-${Math.round(performance.now())}` });
        saw(answer.text);
        return answer.status === 503 && answer;
      },
      { explain: platform.explain },
    );
    expect([refused.code, refused.message]).toEqual(['UNAVAILABLE', expect.stringMatching(/disk is nearly full/)]);
    expect((await sh(client, 'web', 'echo well')).out).toBe('well\n');
    expect((await client.call('DELETE', '/vpcs/still')).status).toBe(200);
  });

  test('holds nobody up when it is full: the API answers, and says that the pool is read-only', async () => {
    const before = await Promise.all([platform.pid('api'), platform.pid('worker')]);
    await sh(client, 'web', 'touch /go');
    fillUpTo(0);
    await waitForCheck('engine', /storage pool (became read-only|is not mounted)/);
    expect((await fetch(`${platform.address}/health/live`, { signal: AbortSignal.timeout(2_000) })).status).toBe(200);
    expect(await Promise.all([platform.pid('api'), platform.pid('worker')])).toEqual(before);
  });

  test('once it has room everything recovers by itself, instances included', async () => {
    rmSync(`${disk}/others`);
    await waitFor(
      'the platform to be well',
      async (saw) => {
        const answer = await health();
        saw(JSON.stringify(answer));
        return answer.status === 'UP';
      },
      { explain: platform.explain, deadlineMs: 60_000 },
    );
    await waitForStatus(platform, client, 'web', 'RUNNING', 30_000);
    const wrote = () => sh(client, 'web', 'rm -f /go /big; echo again > /file && cat /file');
    await expect.poll(async () => (await wrote()).out, { timeout: 20_000 }).toBe('again\n');
    expect((await client.call('POST', '/vpcs', { name: 'later' })).status).toBe(201);
  });
});
