import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Machine, Machines, makeDebian13, type Running } from './userland.ts';

const obstacle = process.geteuid?.() === 0 ? undefined : 'it needs root';
if (obstacle !== undefined) console.warn(`NOT RUN, first starts on a Debian 13: ${obstacle}`);

const MOMENTS = 20;
const READY_MS = 10 * 60_000;
/** One that is killed would leave its link and its firewall on the network of this host, which the machine shares. */
const ALONE: Readonly<Record<string, string>> = { CLOUD_EGRESS: 'none' };

describe.skipIf(obstacle !== undefined)('a Debian 13 as it comes', () => {
  let machines: Machines;
  let machine: Machine | undefined;
  /** From `npm start` to a running instance. */
  let wholeMs = 0;

  beforeAll(async () => {
    await makeDebian13();
    machines = new Machines();
    const at = await boot();
    const begun = performance.now();
    const platform = await ready(at);
    await quickStart(at);
    wholeMs = performance.now() - begun;
    console.info(`first start and quick start: ${(wholeMs / 1000).toFixed(0)} s`);
    await stop(at, platform);
    console.info('stopped');
    await at.remove();
    console.info('removed');
  });
  afterEach(async () => {
    await machine?.remove();
    machine = undefined;
  });
  afterAll(async () => {
    await machine?.remove();
    machines?.remove();
  });

  const boot = async (): Promise<Machine> => {
    machine = machines.create();
    await machine.boot();
    return machine;
  };
  const ready = async (at: Machine, env = ALONE): Promise<Running> => {
    const platform = at.run('npm', ['start'], env);
    await platform.printed('Press Ctrl-C', READY_MS);
    return platform;
  };
  const stop = async (at: Machine, platform: Running): Promise<void> => {
    at.signal('TERM', /^node scripts\/start\.mjs|^npm start/);
    await platform.ended;
    expect(platform.output()).toMatch(/stopped after/);
  };
  const cloud = (at: Machine, ...words: string[]): Promise<string> => at.call('node_modules/.bin/cloud', words);
  /** The commands of the README's quick start, up to the first one inside an instance; those that an earlier try has done are left out. */
  const quickStart = async (at: Machine): Promise<string> => {
    const script = `
      PATH=node_modules/.bin:$PATH
      pass() { echo 'correct horse battery staple'; }
      cloud whoami > /dev/null 2>&1 ||
        pass | cloud register --email a@example.com --name Ada --password-stdin ||
        pass | cloud login --email a@example.com --password-stdin
      cloud vpcs get main > /dev/null 2>&1 || cloud vpcs create main --wait
      cloud instances get web > /dev/null 2>&1 || cloud instances launch web --image busybox --vpc-id main --wait
      for second in $(seq 60); do
        cloud instances exec web -- sh -c 'hostname; ip -4 addr show eth0' && exit
        sleep 1
      done
      exit 1`;
    return at.call('sh', ['-ec', script]);
  };

  test('--help installs nothing, npm start brings a cloud up, and the quick start works', async () => {
    const at = await boot();
    expect(await at.call('npm', ['start', '--', '--help'])).toContain('CLOUD_DATA_DIR');
    expect(await at.call('ls', [])).not.toContain('node_modules');
    const platform = await ready(at, {});
    expect(await quickStart(at)).toMatch(/web\n[^]*inet 10\./);
    await cloud(at, 'instances', 'launch', 'db', '--image', 'busybox', '--vpc-id', 'main', '--wait');
    await cloud(at, 'instances', 'exec', 'web', '--', 'ping', '-c', '1', 'db');
    await cloud(at, 'instances', 'stop', 'web', '--wait');
    await cloud(at, 'instances', 'start', 'web', '--wait');
    await cloud(at, 'instances', 'delete', 'web', '--yes');
    await stop(at, platform);
  });

  // Seven steps at a time: a run that is cut short has seen the beginning and the end.
  test.each(Array.from({ length: MOMENTS }, (_, step) => (step * 7) % MOMENTS))(
    'killed at moment %i of twenty, the next start does the rest',
    async (moment) => {
      const at = await boot();
      const first = at.run('npm', ['start'], ALONE);
      const isOnlyUs = moment % 2 === 1;
      const atMs = (wholeMs * (moment + 0.5)) / MOMENTS;
      const launched = first.printed('Press Ctrl-C', READY_MS).then(
        () => quickStart(at),
        () => undefined,
      );
      await new Promise((done) => setTimeout(done, atMs));
      const said = first.output().trim().split('\n').at(-1);
      // Either all dies at once, or npm start alone, and what it has started works on.
      if (isOnlyUs) at.signal('KILL', /^npm start|^node scripts\/start\.mjs|packages\/server\/src\/main\.ts/);
      else await at.kill();
      await first.ended;
      await launched.catch(() => undefined);
      console.info(
        `moment ${moment}, ${(atMs / 1000).toFixed(1)} s (${isOnlyUs ? 'npm start' : 'all'} killed): ${said}`,
      );
      if (!isOnlyUs) await at.boot();
      const platform = await ready(at);
      expect(await at.call('dpkg', ['--audit'])).toBe('');
      expect(await quickStart(at)).toMatch(/web\n[^]*inet 10\./);
      await stop(at, platform);
    },
  );
});
