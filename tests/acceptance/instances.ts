import type { Client, RunningPlatform } from '../../packages/testkit/src/platform-api.ts';
import { waitFor } from '../../packages/testkit/src/platform-wait.ts';

/** How a theme gets at the platform that the file started. */
export type Use = () => RunningPlatform;

/** Smallest type of ours, added behind the scenes: an instance costs little, and its limits are reached soon. */
export const TINY = { id: 'tiny', vcpus: 1, memory_mb: 128, disk_gb: 1, network_mbps: 100, processes: 64 } as const;
/** More than any host has. */
export const HUGE = { id: 'huge', vcpus: 1, memory_mb: 1_000_000_000, disk_gb: 1, network_mbps: 100, processes: 64 };

export async function addTypes(
  platform: Pick<RunningPlatform, 'query'>,
  types: readonly { readonly [Member in keyof typeof TINY]: string | number }[] = [TINY, HUGE],
): Promise<void> {
  for (const type of types) {
    await platform.query(
      `insert into instance_types (id, name, vcpus, memory_mb, disk_gb, network_mbps, processes, category)
       values ($1, $1, $2, $3, $4, $5, $6, 'test')`,
      [type.id, type.vcpus, type.memory_mb, type.disk_gb, type.network_mbps, type.processes],
    );
  }
}

export const tiny = (name: string, more: object = {}): object => ({
  name,
  image: 'busybox',
  instance_type: TINY.id,
  ...more,
});

/** Launches a tiny busybox and waits until it runs. */
export async function launch(client: Client, name: string, more: object = {}): Promise<any> {
  const instance = await client.ask('POST', '/instances?wait=60', tiny(name, more));
  if (instance.status !== 'RUNNING')
    throw new Error(`${name} is ${instance.status} after 60 s: ${instance.status_reason ?? 'no reason given'}`);
  return instance;
}

export async function createVpc(client: Client, name: string, more: object = {}): Promise<any> {
  const vpc = await client.ask('POST', '/vpcs?wait=30', { name, ...more });
  if (vpc.status !== 'active') throw new Error(`${name} is ${vpc.status} after 30 s: ${vpc.status_reason ?? ''}`);
  return vpc;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly timedOut: boolean;
}

/** Runs a line of shell in an instance. */
export async function sh(client: Client, ref: string, line: string, timeout = 20): Promise<Ran> {
  const ran = await client.ask('POST', `/instances/${ref}/exec`, { command: ['sh', '-c', line], timeout });
  return { code: ran.exit_code, out: ran.stdout, err: ran.stderr, timedOut: ran.timed_out };
}

/** Polls until the instance has the status. */
export function waitForStatus(
  platform: RunningPlatform,
  client: Client,
  ref: string,
  status: string,
  deadlineMs = 30_000,
): Promise<any> {
  return waitFor(
    `${ref} to be ${status}`,
    async (saw) => {
      const answer = await client.call('GET', `/instances/${ref}`);
      saw(answer.text);
      return answer.data?.status === status && answer.data;
    },
    { deadlineMs, explain: platform.explain },
  );
}

/** Waits until the world no longer has a thing. By its id: its name is given up as soon as it is to be deleted. */
export function waitUntilGone(platform: RunningPlatform, client: Client, path: string): Promise<true> {
  return waitFor(
    `${path} to be gone`,
    async (saw) => {
      const answer = await client.call('GET', path);
      saw(answer.text);
      return answer.status === 404;
    },
    { explain: platform.explain },
  );
}

/** Deletes all of a tenant's instances, then its VPCs, and waits until they are gone: the next theme has the machine to itself. */
export async function deleteAll(platform: RunningPlatform, client: Client): Promise<void> {
  for (const kind of ['instances', 'vpcs']) {
    const all = (await client.ask('GET', `/${kind}?limit=100`)) as { id: string }[];
    for (const { id } of all) await client.call('DELETE', `/${kind}/${id}`);
    await waitFor(
      `no ${kind} of ${client.email} left behind the scenes`,
      async (saw) => {
        const left = await platform.query(`select id, name from ${kind} where tenant_id = $1`, [client.tenantId]);
        saw(left);
        return left.length === 0;
      },
      { explain: platform.explain, deadlineMs: 60_000 },
    );
  }
}
