import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IncusClient, type IncusInstance } from './incus-client.ts';
import { waitUntil } from '../processes.ts';
import { findEngineObstacle, sh, startTestPlatform, type TestPlatform, testSpec } from '../testing.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of Incus: ${obstacle}`);

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe.skipIf(obstacle !== undefined)('instances', () => {
  let platform: TestPlatform;
  const ref = { tenantId: 'tenant', instanceId: 'long-lived' };
  const fresh = (instanceId: string) => ({ tenantId: 'tenant', instanceId });

  beforeAll(async () => {
    platform = await startTestPlatform({ poolGb: 6 });
    const env = { PLAIN: 'a b', QUOTED: `"it's" $HOME #`, PEM: 'line one\nlxc.uts.name = evil\n', BLANK: 'x ' };
    await platform.compute.define(ref, testSpec('long-lived', undefined, { env }));
    await platform.compute.start(ref);
  });
  afterAll(() => platform?.close());

  test('every call finds nothing to do the second time', async () => {
    const { compute } = platform;
    const once = fresh('once');
    await compute.stop(once, 1000);
    await compute.remove(once);
    expect(await compute.inspect(once)).toBeUndefined();
    await expect(compute.start(once)).rejects.toMatchObject({ kind: 'not_found' });
    await compute.define(once, testSpec('once'));
    await compute.define(once, testSpec('once'));
    expect(await compute.inspect(once)).toEqual({
      name: compute.nameOf('once'),
      ...once,
      state: 'stopped',
      runs: { ends: 0 },
    });
    // Two at once: one starts it, the other may be told that Incus is at it.
    const both = await Promise.allSettled([compute.start(once), compute.start(once)]);
    expect(both.map((result) => result.status)).toContain('fulfilled');
    for (const result of both)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ kind: 'unavailable' });
    await compute.start(once);
    expect((await compute.list()).map((seen) => [seen.instanceId, seen.state]).sort()).toEqual([
      ['long-lived', 'running'],
      ['once', 'running'],
    ]);
    await compute.stop(once, 2000);
    await compute.stop(once, 2000);
    expect((await compute.inspect(once))?.state).toBe('stopped');
    await compute.start(once);
    await compute.remove(once);
    await compute.remove(once);
    expect(await compute.list()).toHaveLength(1);
  });

  test('a command is the main process; its words reach it as they are, and it is asked to end', async () => {
    const { compute } = platform;
    const job = fresh('job');
    const words = ['', ' two  blanks ', `"'$x\\`, 'line\nlxc.uts.name = evil', 'ü€', '-e'];
    const script =
      'trap "echo told; exit 0" TERM; for w; do printf "<%s>" "$w"; done; echo; echo "$value/$count/$B"; (sleep 0.1 &); while :; do sleep 0.1; done';
    const env = { value: 'v', count: 'c', B: 'b' };
    await compute.define(job, testSpec('job', undefined, { command: ['sh', '-c', script, 'name', ...words], env }));
    await compute.start(job);
    const logged = async (): Promise<string> => text(await compute.logs(job, 10_000)).replaceAll('\r\n', '\n');
    expect(await waitUntil(async () => (await logged()).includes('v/c/b'), 5_000)).toBe(true);
    expect(await logged()).toBe(`${words.map((word) => `<${word}>`).join('')}\nv/c/b\n`);
    // A second reader finds the same.
    expect(await logged()).toContain('v/c/b');
    expect(text(await compute.logs(job, 6)).replaceAll('\r', '')).toBe('/c/b\n');
    expect((await sh(platform, job, 'hostname')).out).toBe('job\n');
    await compute.stop(job, 5_000);
    expect(await logged()).toContain('told');
    await compute.remove(job);
  });

  test.each([
    ['its own init', undefined],
    ['a command', ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do /bin/busybox sleep 0.1; done']],
  ])('variables are for what runs inside, with %s, and harm nothing outside', async (_, command) => {
    const { compute } = platform;
    const poor = fresh(`poor-${command === undefined}`);
    // On the host these would end every program that Incus runs for the machine, or replace it.
    const env = {
      PATH: '/nowhere',
      LD_PRELOAD: '/nowhere.so',
      HOME: '/home',
      EMPTY: '',
      IFS: 'a',
      OPTIND: 'x',
      tc_env: '1',
    };
    await compute.define(poor, testSpec('poor', undefined, { env, ...(command ? { command } : {}) }));
    await compute.start(poor);
    const inside = async (...words: string[]): Promise<string> =>
      text((await compute.exec(poor, { command: words, timeoutMs: 10_000, outputLimit: 100_000 })).stdout);
    const first = (await inside('/bin/busybox', 'cat', '/proc/1/environ')).split('\0');
    const ran = (await inside('/bin/busybox', 'env')).split('\n');
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    expect(first).toEqual(expect.arrayContaining(lines));
    expect(ran).toEqual(expect.arrayContaining(lines));
    expect(await inside('/bin/busybox', 'cat', '/proc/1/cmdline')).not.toContain(
      Buffer.from('/nowhere').toString('base64'),
    );
    expect(await inside('/bin/busybox', 'ip', 'link', 'show', 'lo')).toContain('UP');
    const asked = performance.now();
    await compute.stop(poor, 8_000);
    expect(performance.now() - asked, 'it ended by itself').toBeLessThan(7_000);
    await compute.start(poor);
    await compute.remove(poor);
    expect(await compute.inspect(poor)).toBeUndefined();
  });

  test('a command that ends takes its instance with it, and says so', async () => {
    const { compute } = platform;
    const job = fresh('short');
    const changes: string[] = [];
    const ended = new AbortController();
    const watching = compute.watch((name) => changes.push(name), ended.signal);
    await compute.define(
      job,
      testSpec('short', undefined, { command: ['sh', '-c', 'echo working; sleep 0.3; exit 7'] }),
    );
    await compute.start(job);
    expect(await waitUntil(async () => (await compute.inspect(job))?.state === 'stopped', 5_000)).toBe(true);
    expect(text(await compute.logs(job, 10_000))).toMatch(/working[^]*the command ended with 7/);
    // Started, stopped; it may have been made before the stream was open.
    expect(
      await waitUntil(async () => changes.filter((name) => name === compute.nameOf('short')).length >= 2, 5_000),
    ).toBe(true);
    ended.abort();
    await watching;
    await compute.remove(job);
  });

  test('no link that it leaves in its disk makes a folder on the host, and commands that are not there do not fill a log', async () => {
    const { compute } = platform;
    const sly = fresh('sly');
    const target = `${platform.dataDir}/open`;
    await mkdir(target);
    await chmod(target, 0o777);
    await compute.define(sly, testSpec('sly', undefined, { env: { A: 'b' } }));
    await compute.start(sly);
    const links = ['run', 'tmp', 'mnt'].map(
      (folder) => `mv /${folder} /${folder}2; ln -s ../../../../../../../../../..${target} /${folder}`,
    );
    expect((await sh(platform, sly, links.join('; '))).code).toBe(0);
    await compute.stop(sly, 0);
    await compute.start(sly);
    expect(await readdir(target)).toEqual([]);
    const logs = `${platform.dataDir}/incus/logs`;
    const log = `${logs}/${(await readdir(logs)).find((name) => name.endsWith(compute.nameOf('sly')))}/lxc.log`;
    await writeFile(log, 'x'.repeat(2 * 1024 ** 2));
    await compute.exec(sly, { command: ['no-such-command'], timeoutMs: 10_000, outputLimit: 1000 });
    expect((await stat(log)).size).toBeLessThan(100_000);
    await compute.remove(sly);
  });

  test('what could break out of a line of configuration is refused', async () => {
    const bad = [
      testSpec('evil\nlxc.x = 1'),
      testSpec('ok', undefined, { env: { 'A\nB': 'x' } }),
      testSpec('ok', undefined, { env: { A: 'x\0y' } }),
      testSpec('ok', undefined, { command: ['a\0b'] }),
      testSpec('ok', undefined, { memoryMb: Number.NaN }),
      testSpec(
        'ok',
        { vpcId: 'v', host: 5 },
        { nic: { vpcId: 'v', address: '10.0.0.5\nx', prefix: 16, gateway: '10.0.0.1', mac: '02:5a:00:00:00:01' } },
      ),
    ];
    for (const spec of bad)
      await expect(platform.compute.define(fresh('bad'), spec)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(platform.compute.prepareImage('no/such')).rejects.toMatchObject({ kind: 'invalid' });
    await expect(
      platform.compute.define(fresh('bad'), testSpec('ok', undefined, { image: 'no/such' })),
    ).rejects.toMatchObject({ kind: 'not_found' });
    expect(await platform.compute.inspect(fresh('bad'))).toBeUndefined();
  });

  test('is unprivileged, with user ids that no other instance has', async () => {
    const other = fresh('other');
    await platform.compute.define(other, testSpec('other'));
    await platform.compute.start(other);
    const rangeOf = async (of: typeof ref): Promise<number[]> =>
      (await sh(platform, of, 'cat /proc/self/uid_map')).out.trim().split(/\s+/).map(Number);
    const [mine, theirs] = [await rangeOf(ref), await rangeOf(other)];
    for (const range of [mine, theirs]) {
      expect(range[0]).toBe(0);
      expect(range[1]).toBeGreaterThanOrEqual(1_048_576);
      expect(range[2]).toBe(65_536);
    }
    expect(Math.abs((mine[1] ?? 0) - (theirs[1] ?? 0))).toBeGreaterThanOrEqual(65_536);
    expect((await sh(platform, ref, 'ls /dev/incus')).code).not.toBe(0);
    await platform.compute.remove(other);
  });

  test('memory, processes, disk and cpu end where the spec says', async () => {
    const { compute } = platform;
    const small = fresh('small');
    await compute.define(small, testSpec('small', undefined, { memoryMb: 64, processes: 30, diskGb: 1, vcpus: 0.5 }));
    await compute.start(small);
    const memory = await sh(platform, small, 'dd if=/dev/zero of=/dev/null bs=100M count=1; echo code $?');
    expect(memory.out).toContain('code 137');
    expect(
      (await sh(platform, small, 'dd if=/dev/zero of=/dev/null bs=20M count=1 2>/dev/null; echo code $?')).out,
    ).toContain('code 0');

    const forks = await sh(
      platform,
      small,
      'i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done; echo all',
      10_000,
    );
    expect(forks.err + forks.out).toMatch(/fork/i);
    // One free place is not enough for what comes next.
    await waitUntil(
      async () => (await sh(platform, small, 'pgrep sleep').catch(() => ({ code: 0 }))).code === 1,
      8_000,
      200,
    );

    const disk = await sh(
      platform,
      small,
      'dd if=/dev/urandom of=/big bs=1M count=1100 2>&1; ls -l /big | awk "{print \\$5}"; rm /big',
      120_000,
    );
    expect(disk.out).toMatch(/quota exceeded|no space left/i);

    const cpu = await sh(
      platform,
      small,
      'set -- $(cat /proc/self/stat); timeout 2 sh -c "while :; do :; done"; times',
      10_000,
    );
    const used = cpu.out
      .trim()
      .split('\n')
      .at(-1)
      ?.match(/(\d+)m([\d.]+)s/);
    const seconds = Number(used?.[1]) * 60 + Number(used?.[2]);
    // Half a core for two seconds.
    expect(seconds).toBeGreaterThan(0.1);
    expect(seconds).toBeLessThan(1.5);
    await compute.remove(small);
  }, 180_000);

  test('reads of a disk are as fast as the spec has processors, also in a machine that an earlier version made', async () => {
    const { compute, daemon } = platform;
    /** Seconds for 32 MiB. */
    const measure = async (of: typeof ref): Promise<number> => {
      await sh(platform, of, '[ -e /root/file ] || dd if=/dev/zero of=/root/file bs=1M count=32 conv=fsync', 30_000);
      const began = performance.now();
      expect((await sh(platform, of, 'dd if=/root/file of=/dev/null bs=1M iflag=direct', 30_000)).code).toBe(0);
      return (performance.now() - began) / 1000;
    };
    const half = fresh('half');
    await compute.define(half, testSpec('half', undefined, { vcpus: 0.5 }));
    const client = new IncusClient(daemon.socketPath);
    const all = await client.list<IncusInstance>('/1.0/instances', { query: { 'all-projects': 'true' } });
    const { name, project, devices } = all.find((instance) => instance.name === compute.nameOf('half'))!;
    const { 'limits.read': limit, ...root } = devices['root']!;
    expect(limit).toBe('16MiB');
    await client.call('PATCH', `/1.0/instances/${name}`, { project, body: { devices: { root } } });
    await client.close();
    await compute.start(half);
    expect(await measure(half)).toBeGreaterThan(1.5);
    await compute.remove(half);

    const whole = fresh('whole');
    await compute.define(whole, testSpec('whole', undefined, { vcpus: 2 }));
    await compute.start(whole);
    const seconds = await measure(whole);
    expect(seconds).toBeGreaterThan(0.35);
    expect(seconds).toBeLessThan(1.5);
    await compute.remove(whole);
  });

  test('the network is as fast as the spec says, in both directions', async () => {
    const { compute, network } = platform;
    await network.ensure({ vpcId: 'speed', cidr: '10.0.0.0/16', uplinkIndex: 0 });
    const [slow, fast] = [fresh('slow'), fresh('fast')];
    await compute.define(slow, testSpec('slow', { vpcId: 'speed', host: 5 }, { networkMbps: 40 }));
    await compute.define(fast, testSpec('fast', { vpcId: 'speed', host: 6 }, { networkMbps: 10_000 }));
    for (const of of [slow, fast]) await compute.start(of);
    const measure = async (from: typeof ref, to: typeof ref, address: string): Promise<number> => {
      await sh(
        platform,
        to,
        'nc -l -p 9000 -e dd of=/tmp/got bs=64k 2>/dev/null & until netstat -ltn | grep -q :9000; do sleep 0.05; done',
      );
      await sh(platform, from, `dd if=/dev/zero bs=64k 2>/dev/null | timeout 3 nc ${address} 9000`);
      const bytes = Number((await sh(platform, to, 'sleep 0.3; wc -c < /tmp/got; rm /tmp/got')).out.trim());
      return (bytes * 8) / 3 / 1e6;
    };
    const sent = await measure(slow, fast, '10.0.0.6');
    const received = await measure(fast, slow, '10.0.0.5');
    // Without a limit it is thousands.
    for (const mbps of [sent, received]) {
      expect(mbps).toBeGreaterThan(4);
      expect(mbps).toBeLessThan(400);
    }
    for (const of of [slow, fast]) await compute.remove(of);
    await network.remove('speed');
  }, 60_000);
});
