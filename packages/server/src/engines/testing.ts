import { mkdtemp, rm } from 'node:fs/promises';
import { EngineError } from '../kernel/engine-error.ts';
import type { ExecResult, MachineNic, MachineRef, MachineSpec } from '../services/instances/compute-engine.ts';
import { IncusComputeEngine } from './incus/incus-compute-engine.ts';
import { type IncusDaemon, startIncusDaemon, stopDaemon } from './incus/incus-daemon.ts';
import { findLeftovers } from './leftovers.ts';
import { LinuxNetworkEngine, removePlatformNetwork } from './linux-network/linux-network-engine.ts';
import { hasNamespace, removeNamespace } from './linux-network/namespaces.ts';
import { platformNames } from './names.ts';
import { waitUntil } from './processes.ts';
import { runCommand, runInNamespace } from './run-command.ts';

/** For tests: real engines on a throw-away platform, on this host. */
export interface TestPlatform {
  readonly platformId: string;
  readonly dataDir: string;
  readonly daemon: IncusDaemon;
  readonly compute: IncusComputeEngine;
  readonly network: LinuxNetworkEngine;
  /** Starts incusd again after it was killed. */
  restartDaemon(): Promise<IncusDaemon>;
  /** Stops and removes everything; throws when something is left on the host. */
  close(): Promise<void>;
}

/** Whether engines can run here; a test that needs them asks and says aloud when it cannot. */
export async function findEngineObstacle(): Promise<string | undefined> {
  const probe = new LinuxNetworkEngine({ platformId: 'probe', egress: 'none' });
  const network = await probe.availability();
  if (!network.ok) return network.missing;
  return (await import('./availability.ts')).findMissing('compute');
}

/** About a second, half of it the busybox image. */
export async function startTestPlatform(
  /** `parent`: the folder in which the data folder is created, with the pool that a platform creates there by default. Default: /tmp, with a pool of `poolGb`. */
  options: { readonly poolGb?: number; readonly egress?: 'host' | 'none'; readonly parent?: string } = {},
): Promise<TestPlatform> {
  const dataDir = await mkdtemp(`${options.parent ?? '/tmp'}/cloud-engine-`);
  // As unique as the folder.
  const platformId = `test ${dataDir}`;
  const daemonOptions = { dataDir, platformId, ...(options.parent ? {} : { poolGb: options.poolGb ?? 4 }) };
  const tearDown = async (): Promise<void> => {
    await stopDaemon(daemonOptions, 0);
    await removePlatformNetwork(platformId);
    // On btrfs images are read-only subvolumes, which only go with their disk.
    if (options.parent === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const daemon = await startIncusDaemon(daemonOptions);
    const compute = new IncusComputeEngine({ dataDir, platformId });
    const network = new LinuxNetworkEngine({
      platformId,
      egress: options.egress ?? 'none',
      portsOf: (bridge) => compute.portsOf(bridge),
    });
    await readyImage(compute, 'busybox');
    return {
      platformId,
      dataDir,
      daemon,
      compute,
      network,
      restartDaemon: () => startIncusDaemon(daemonOptions),
      close: async () => {
        await compute.close();
        await tearDown();
        await expectNothingLeft(platformId, dataDir);
      },
    };
  } catch (error) {
    await tearDown();
    throw error;
  }
}

/** The kernel frees a loop device and a namespace some time after their last user went. */
export async function expectNothingLeft(platformId: string, dataDir: string): Promise<void> {
  let left: string[] = [];
  const clean = await waitUntil(
    async () => {
      left = await findLeftovers(platformId, dataDir);
      return left.length === 0;
    },
    5_000,
    100,
  );
  if (!clean) throw new EngineError('failed', `left on the host: ${left.join('; ')}`);
}

export async function readyImage(compute: IncusComputeEngine, image: string, timeoutMs = 30_000): Promise<void> {
  await compute.prepareImage(image);
  let state = (await compute.images()).get(image);
  await waitUntil(
    async () => {
      state = (await compute.images()).get(image);
      return state?.state !== 'building';
    },
    timeoutMs,
    25,
  );
  if (state?.state !== 'ready')
    throw new EngineError('failed', `the image ${image} is not ready: ${JSON.stringify(state)}`);
}

/** A small busybox machine; `nic` by the last number of its address in 10.0.0.0/16. */
export function testSpec(
  hostname: string,
  nic?: { vpcId: string; host: number },
  more: Partial<MachineSpec> = {},
): MachineSpec {
  const base: MachineSpec = {
    image: 'busybox',
    hostname,
    vcpus: 1,
    memoryMb: 128,
    diskGb: 1,
    networkMbps: 1000,
    processes: 100,
    env: {},
  };
  return { ...base, ...(nic === undefined ? {} : { nic: testNic(nic.vpcId, nic.host) }), ...more };
}

export function testNic(vpcId: string, host: number): MachineNic {
  const mac = `02:5a:00:00:00:${host.toString(16).padStart(2, '0')}`;
  return { vpcId, address: `10.0.0.${host}`, prefix: 16, gateway: '10.0.0.1', mac };
}

/** Runs a line of shell in an instance. */
export async function sh(
  platform: Pick<TestPlatform, 'compute'>,
  ref: MachineRef,
  line: string,
  timeoutMs = 15_000,
): Promise<{ readonly code: number; readonly out: string; readonly err: string; readonly result: ExecResult }> {
  const result = await platform.compute.exec(ref, { command: ['sh', '-c', line], timeoutMs, outputLimit: 1_000_000 });
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  return { code: result.exitCode, out: text(result.stdout), err: text(result.stderr), result };
}

/**
 * A namespace that stands for the internet: a link `out` in the platform's edge leads to it, with a default route.
 * Its address is 203.0.113.1; the edge has 203.0.113.2.
 */
export async function attachTestInternet(
  platformId: string,
): Promise<{ readonly namespace: string; readonly address: string; detach(): Promise<void> }> {
  const { mark, edgeNamespace } = platformNames(platformId);
  const namespace = `tctest-${mark}`;
  await runCommand('ip', ['netns', 'add', namespace]);
  const lines = [`link add name out netns ${edgeNamespace} type veth peer name in netns ${namespace}`];
  await runCommand('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  await runCommand('ip', ['-n', namespace, '-batch', '-'], {
    input: 'link set dev lo up\naddr add 203.0.113.1/30 dev in\nlink set dev in up\n',
  });
  await runCommand('ip', ['-n', edgeNamespace, '-batch', '-'], {
    input: 'addr add 203.0.113.2/30 dev out\nlink set dev out up\nroute add default via 203.0.113.1\n',
  });
  return {
    namespace,
    address: '203.0.113.1',
    detach: async () => {
      if (await hasNamespace(edgeNamespace))
        await runInNamespace(edgeNamespace, 'ip', ['link', 'delete', 'dev', 'out'], { okCodes: [0, 1] });
      await removeNamespace(namespace);
    },
  };
}
