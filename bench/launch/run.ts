/**
 * create → RUNNING of an instance through the API, against Incus' own REST create + start of the very same machine (limits, NIC, bridge,
 * image) in the same run; and the start of a stopped one. Targets: 1.3 × each, and create → RUNNING below 1 s at the median.
 */
import { createTenant, startPlatform } from '../../packages/testkit/src/platform-api.ts';
import { openRawIncus } from '../incus-raw.ts';
import { alternate, median, ms, quantile, record } from '../measure.ts';

const ROUNDS = 15;

interface RawMachine {
  readonly name: string;
  readonly project: string;
  readonly config: Record<string, string>;
  readonly devices: Record<string, Record<string, string>>;
}

const platform = await startPlatform({ env: { CLOUD_TEST_MODE: 'off', CLOUD_RATE_LIMIT: '100000' } });
try {
  const tenant = await createTenant(platform, 'bench');
  const incus = openRawIncus(`${platform.dataDir}/incus/unix.socket`);
  await tenant.ask('POST', '/vpcs?wait=30', { name: 'bench' });
  const launch = (name: string) =>
    tenant.ask('POST', '/instances?wait=60', { name, image: 'busybox', instance_type: 'basic-1', vpc_id: 'bench' });

  // The first one builds and unpacks the image; its machine is what the peer makes again.
  const model = await launch('model');
  const machine = (await incus.get<RawMachine[]>('/1.0/instances?recursion=1&all-projects=true')).find(
    (one) => one.name === model.container_id,
  );
  if (!machine) throw new Error('the model machine is not in Incus');
  const fingerprint = machine.config['volatile.base_image'];
  await remove('model');

  const config = Object.fromEntries(
    Object.entries(machine.config).filter(([key]) => !key.startsWith('volatile.') && !key.startsWith('image.')),
  );
  // Paths in LXC's configuration name the machine: its console log, for one.
  const configOf = (name: string) => ({ ...config, 'raw.lxc': config['raw.lxc']!.replaceAll(machine.name, name) });
  const at = (name: string, rest = '') => `/1.0/instances/${name}${rest}?project=${machine.project}`;
  const rawCreate = (name: string) =>
    incus.run('POST', `/1.0/instances?project=${machine.project}`, {
      name,
      profiles: [],
      config: configOf(name),
      devices: machine.devices,
      source: { type: 'image', fingerprint },
    });
  const rawState = (name: string, action: string) =>
    incus.run('PUT', at(name, '/state'), { action, force: true, timeout: 30 });

  let number = 0;
  const ours = async () => {
    const name = `o${number++}`;
    const begun = performance.now();
    const { status } = await launch(name);
    const created = performance.now() - begun;
    if (status !== 'RUNNING') throw new Error(`${name} is ${status}`);
    await tenant.ask('POST', `/instances/${name}/stop?wait=60`);
    const again = performance.now();
    await tenant.ask('POST', `/instances/${name}/start?wait=60`);
    const restarted = performance.now() - again;
    await remove(name);
    return { created, restarted };
  };
  const raw = async () => {
    const name = `raw${number++}`;
    const begun = performance.now();
    await rawCreate(name);
    await rawState(name, 'start');
    const created = performance.now() - begun;
    await rawState(name, 'stop');
    const again = performance.now();
    await rawState(name, 'start');
    const restarted = performance.now() - again;
    await rawState(name, 'stop');
    await incus.run('DELETE', at(name));
    return { created, restarted };
  };
  async function remove(name: string): Promise<void> {
    await tenant.ask('DELETE', `/instances/${name}`);
    for (let tries = 0; tries < 200; tries++) {
      if ((await platform.incus.machines()).length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`${name} was not removed within 5 s`);
  }

  const { a, b } = await alternate(ROUNDS, ours, raw);
  for (const [what, key] of [
    ['create → RUNNING', 'created'],
    ['start → RUNNING', 'restarted'],
  ] as const) {
    const [mine, peer] = [a.map((one) => one[key]), b.map((one) => one[key])];
    const ratio = (median(mine) / median(peer)).toFixed(2);
    await record(
      'launch',
      `${what}: ${ms(median(mine))} (p90 ${ms(quantile(mine, 0.9))}), raw Incus ${ms(median(peer))} (p90 ${ms(quantile(peer, 0.9))}): ${ratio} ×, n=${ROUNDS}`,
    );
  }
} finally {
  await platform.close();
}
