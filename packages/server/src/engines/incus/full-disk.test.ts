import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { platformNames } from '../names.ts';
import { sendSignal, waitUntil } from '../processes.ts';
import { runCommand } from '../run-command.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';
import { incusDirOf } from './incus-daemon.ts';
import { POOL_NAME } from './storage-pool.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of full disks: ${obstacle}`);

/** A full disk of each kind: bytes first, then whatever room is left for names. */
const FILL = 'dd if=/dev/zero of=/big bs=1M; i=0; while : > /more$i; do i=$((i+1)); done; sync';
const GIB = 1024 ** 3;

/** A line of shell where the machines' disks are: only in incusd's mount namespace are they seen. */
async function shellAmongDisks({ platformId, dataDir }: TestPlatform, line: string): Promise<string> {
  const { mountPin } = platformNames(platformId);
  const script = `cd ${incusDirOf(dataDir)}/storage-pools/${POOL_NAME}/containers && ${line}`;
  return (await runCommand('nsenter', [`--mount=${mountPin}`, '--', 'sh', '-ec', script])).stdout.trim();
}

describe.skipIf(obstacle !== undefined)('a machine with a full disk', { timeout: 60_000 }, () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform();
  }, 60_000);
  afterAll(() => platform?.close(), 60_000);

  const refOf = (instanceId: string) => ({ tenantId: 'tenant', instanceId });

  const amongDisks = (line: string) => shellAmongDisks(platform, line);
  /** Bytes that the disk may hold, as btrfs has it; `none`: as many as there are. */
  const limitOf = async (instanceId: string): Promise<string | undefined> =>
    (await amongDisks(`btrfs qgroup show -r --raw -f *${platform.compute.nameOf(instanceId)}`))
      .split('\n')
      .at(-1)
      ?.split(/\s+/)[3];

  async function fill(instanceId: string): Promise<void> {
    const filled = await sh(platform, refOf(instanceId), FILL, 30_000);
    expect(filled.err).toMatch(/quota exceeded/i);
    expect((await sh(platform, refOf(instanceId), 'echo x > /one-more')).code).not.toBe(0);
  }
  /** As the platform does: what ended is started again, and one that has just begun may not take a command yet. */
  async function startAndLookInside(instanceId: string): Promise<void> {
    const look = async () => {
      await platform.compute.start(refOf(instanceId));
      return (await sh(platform, refOf(instanceId), 'hostname')).out;
    };
    await expect.poll(look, { timeout: 15_000, interval: 200 }).toBe(`${instanceId}\n`);
    expect(await platform.compute.inspect(refOf(instanceId))).toMatchObject({ state: 'running' });
  }
  /** Its owner gets at it, and makes room. */
  async function expectUsable(instanceId: string): Promise<void> {
    const after = await sh(platform, refOf(instanceId), 'rm /big && sync && echo again > /file && cat /file');
    expect([after.err, after.out]).toEqual(['', 'again\n']);
    expect(await limitOf(instanceId)).toBe(String(GIB));
  }

  test('starts again after a stop, a kill, its own end, and all of the platform', async () => {
    const { compute } = platform;
    const ref = refOf('full');
    await compute.define(ref, testSpec('full'));
    await compute.start(ref);
    await fill('full');
    await compute.stop(ref, 2_000);
    await startAndLookInside('full');
    await compute.stop(ref, 0);
    await startAndLookInside('full');
    const hasEnded = async () => (await compute.inspect(ref))?.state === 'stopped';
    await sh(platform, ref, 'poweroff').catch(() => undefined);
    expect(await waitUntil(hasEnded, 10_000)).toBe(true);
    await startAndLookInside('full');
    sendSignal(platform.daemon.pid, 'SIGKILL');
    await platform.daemon.ended;
    await (await platform.restartDaemon()).stop({ graceMs: 0 });
    await platform.restartDaemon();
    await startAndLookInside('full');
    await expectUsable('full');
    await compute.remove(ref);
    expect(await amongDisks(`ls ${incusDirOf(platform.dataDir)}/machine-backups`)).toBe('');
  });

  test('starts also where Incus put its own file into the disk, and gets no byte more', async () => {
    const { compute } = platform;
    const ref = refOf('older');
    const disk = `*${compute.nameOf('older')}`;
    await compute.define(ref, testSpec('older'));
    await compute.start(ref);
    await amongDisks(`cd ${disk}; cat backup.yaml > new; mv new backup.yaml`);
    await fill('older');
    await compute.stop(ref, 0);
    await startAndLookInside('older');
    expect(await limitOf('older')).toBe(String(GIB));
    // Not a byte is left: Incus cannot even set the owner of its root.
    await compute.stop(ref, 0);
    const shown = await amongDisks(`btrfs filesystem sync . && btrfs qgroup show -r --raw -f ${disk}`);
    await amongDisks(`btrfs qgroup limit ${shown.split('\n').at(-1)?.split(/\s+/)[1]} ${disk}`);
    await startAndLookInside('older');
    expect(await limitOf('older')).toBe(String(GIB));
    // Cut short at each moment: the limit is lifted, and the link is not there yet, or the file is not.
    for (const left of ['rm backup.yaml', 'true']) {
      await compute.stop(ref, 0);
      await amongDisks(`btrfs qgroup limit none ${disk}; cd ${disk}; ${left}`);
      await amongDisks(`rm ${incusDirOf(platform.dataDir)}/machine-backups/*`);
      await startAndLookInside('older');
      expect(await limitOf('older')).toBe(String(GIB));
    }
    await expectUsable('older');
    await compute.remove(ref);
  });
});

describe.skipIf(obstacle !== undefined)('machines in a full pool', { timeout: 60_000 }, () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await startTestPlatform({ poolGb: 1 });
  }, 60_000);
  afterAll(() => platform?.close(), 60_000);

  test('start, run commands and are removed; one that does not fit is waited for', async () => {
    const { compute } = platform;
    // Stored twice, it would take twice what the disks' limits count.
    const profiles = await shellAmongDisks(platform, 'btrfs filesystem df .');
    expect(profiles.match(/^(Data|System|Metadata), \w+/gm)).toEqual([
      'Data, single',
      'System, single',
      'Metadata, single',
    ]);
    const [one, two, three] = ['one', 'two', 'three'].map((instanceId) => ({ tenantId: 'tenant', instanceId }));
    for (const ref of [one!, two!]) {
      await compute.define(ref, testSpec(ref.instanceId));
      await compute.start(ref);
    }
    for (const ref of [one!, two!])
      expect((await sh(platform, ref, 'dd if=/dev/zero of=/big bs=1M', 30_000)).err).toMatch(/no space left/i);
    for (const ref of [one!, two!]) {
      await compute.stop(ref, 2_000);
      await compute.start(ref);
      expect((await sh(platform, ref, 'hostname')).out).toBe(`${ref.instanceId}\n`);
    }
    await expect(compute.define(three!, testSpec('three'))).rejects.toMatchObject({ kind: 'unavailable' });
    for (const ref of [one!, two!]) await compute.remove(ref);
    // btrfs gives the room back with its next commit, 30 s later by itself.
    await shellAmongDisks(platform, 'btrfs filesystem sync .');
    const fits = () =>
      compute.define(three!, testSpec('three')).then(
        () => true,
        () => false,
      );
    expect(await waitUntil(fits, 40_000, 200)).toBe(true);
    await compute.start(three!);
    await compute.remove(three!);
  });
});

describe.skipIf(obstacle !== undefined)('machines in a data folder that is btrfs', { timeout: 60_000 }, () => {
  let disk: string;
  let platform: TestPlatform;
  beforeAll(async () => {
    disk = await mkdtemp('/tmp/cloud-btrfs-');
    await runCommand('truncate', ['-s', '3G', `${disk}.img`]);
    await runCommand('mkfs.btrfs', ['-q', `${disk}.img`]);
    await runCommand('mount', ['-o', 'loop', `${disk}.img`, disk]);
    platform = await startTestPlatform({ parent: disk });
  }, 60_000);
  afterAll(async () => {
    try {
      await platform?.close();
    } finally {
      await runCommand('umount', [disk]);
      await rmdir(disk);
      await rm(`${disk}.img`);
    }
  }, 60_000);

  test('are promised what the whole disk has, theirs included, and start with full disks', async () => {
    const { compute } = platform;
    const ref = { tenantId: 'tenant', instanceId: 'full' };
    expect(await compute.capacity()).toMatchObject({ diskGb: 1 });
    await compute.define(ref, testSpec('full'));
    await compute.start(ref);
    expect((await sh(platform, ref, 'dd if=/dev/zero of=/big bs=1M; sync', 30_000)).err).toMatch(/quota exceeded/i);
    expect(await compute.capacity()).toMatchObject({ diskGb: 1 });
    await compute.stop(ref, 0);
    await compute.start(ref);
    await expect.poll(async () => (await sh(platform, ref, 'rm /big && hostname')).out).toBe('full\n');
    await runCommand('fallocate', ['--length', '1200M', `${disk}/others`]);
    expect(await compute.capacity()).toMatchObject({ diskGb: 0 });
    await compute.remove(ref);
  });
});
