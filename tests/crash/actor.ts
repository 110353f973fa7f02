import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Client, RunningPlatform } from '../../packages/testkit/src/platform-api.ts';

/** What the platform has acknowledged, and so must hold at the end. */
interface WantedVpc {
  readonly id: string;
  name: string;
  readonly cidr: string;
}
interface WantedInstance {
  readonly id: string;
  readonly name: string;
  readonly vpcId: string;
  readonly address: string;
  power: 'RUNNING' | 'STOPPED';
}

/** One client of one tenant that edits at random and remembers what was acknowledged. */
export interface Actor {
  readonly client: Client;
  readonly vpcs: Map<string, WantedVpc>;
  readonly instances: Map<string, WantedInstance>;
  /** Ids of what was acknowledged as deleted. */
  readonly deleted: Set<string>;
  /** Acknowledged edits by kind. */
  readonly counts: Map<string, number>;
  /** How many edits took more than one try. */
  retried(): number;
  /** One random edit, acknowledged when it returns. */
  edit(): Promise<void>;
}

/** Longer than the longest pause of the supervisor between two starts (10 s), and than a start. */
const RETRY_MS = 60_000;
const MAX_VPCS = 2;
const MAX_INSTANCES = 4;

/** A small generator of our own, so that a failed run can be repeated with its seed as far as the edits go. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function createActor(platform: RunningPlatform, client: Client, random: (below: number) => number): Actor {
  const vpcs = new Map<string, WantedVpc>();
  const instances = new Map<string, WantedInstance>();
  const deleted = new Set<string>();
  const counts = new Map<string, number>();
  let retried = 0;
  let number = 0;

  /** Sends the same request, with the same key, until it is answered for good. */
  async function send(method: string, path: string, body?: object): Promise<Answer> {
    const headers = { 'idempotency-key': randomUUID() };
    const deadline = performance.now() + RETRY_MS;
    for (let tries = 1; ; tries++) {
      let seen: string;
      try {
        const answer = await client.call(method, path, body, headers);
        if (answer.status < 500 && answer.code !== 'RATE_LIMITED') {
          if (tries > 1) retried++;
          return answer;
        }
        seen = `${answer.status} ${answer.text.slice(0, 300)}`;
      } catch (error) {
        // No answer: the API died under it, or is not back yet.
        seen = String(error);
      }
      if (performance.now() > deadline)
        throw new Error(
          `${method} ${path} had no good answer in ${RETRY_MS} ms; last: ${seen}\n${await platform.explain()}`,
        );
      await pause(150 + random(200));
    }
  }

  function expectStatus(answer: Answer, what: string, ...good: number[]): void {
    if (!good.includes(answer.status)) throw new Error(`${what}: ${answer.status} ${answer.text.slice(0, 500)}`);
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }

  const pick = <T>(items: Iterable<T>): T | undefined => {
    const all = [...items];
    return all[random(all.length)];
  };

  async function createVpc(): Promise<void> {
    if (vpcs.size >= MAX_VPCS) return rename();
    const name = `net-${number++}`;
    const answer = await send('POST', '/vpcs', { name, cidr_block: '10.0.0.0/16' });
    expectStatus(answer, 'vpc.create', 201);
    vpcs.set(answer.data.id, { id: answer.data.id, name, cidr: '10.0.0.0/16' });
  }

  async function rename(): Promise<void> {
    const vpc = pick(vpcs.values());
    if (!vpc) return createVpc();
    const name = `net-${number++}`;
    expectStatus(await send('PATCH', `/vpcs/${vpc.id}`, { name }), 'vpc.update', 200);
    vpc.name = name;
  }

  async function deleteVpc(): Promise<void> {
    const vpc = pick(vpcs.values());
    if (!vpc) return createVpc();
    const full = [...instances.values()].some((instance) => instance.vpcId === vpc.id);
    const answer = await send('DELETE', `/vpcs/${vpc.id}`);
    if (full) return expectStatus(answer, 'vpc.delete refused', 409);
    // Also one whose answer was lost: its key is known.
    expectStatus(answer, 'vpc.delete', 200);
    vpcs.delete(vpc.id);
    deleted.add(vpc.id);
  }

  async function launch(): Promise<void> {
    if (instances.size >= MAX_INSTANCES) return power('stop');
    const vpc = pick(vpcs.values());
    if (!vpc) return createVpc();
    const name = `i-${number++}`;
    const body = { name, image: 'busybox', instance_type: 'tiny', vpc_id: vpc.id };
    const answer = await send('POST', '/instances', body);
    expectStatus(answer, 'instance.launch', 202);
    const { id, private_ip: address } = answer.data;
    instances.set(id, { id, name, vpcId: vpc.id, address, power: 'RUNNING' });
  }

  async function power(verb: 'stop' | 'start' | 'reboot'): Promise<void> {
    const instance = pick(instances.values());
    if (!instance) return launch();
    const answer = await send('POST', `/instances/${instance.id}/${verb}`);
    if (verb === 'reboot' && instance.power === 'STOPPED') return expectStatus(answer, 'instance.reboot refused', 409);
    expectStatus(answer, `instance.${verb}`, 200);
    if (verb !== 'reboot') instance.power = verb === 'stop' ? 'STOPPED' : 'RUNNING';
  }

  async function terminate(): Promise<void> {
    const instance = pick(instances.values());
    if (!instance) return launch();
    const answer = await send('DELETE', `/instances/${instance.id}`);
    expectStatus(answer, 'instance.delete', 200);
    instances.delete(instance.id);
    deleted.add(instance.id);
  }

  const edits: readonly (readonly [number, () => Promise<void>])[] = [
    [2, createVpc],
    [2, rename],
    [1, deleteVpc],
    [6, launch],
    [3, () => power('stop')],
    [4, () => power('start')],
    [2, () => power('reboot')],
    [3, terminate],
  ];
  const weight = edits.reduce((sum, [share]) => sum + share, 0);

  return {
    client,
    vpcs,
    instances,
    deleted,
    counts,
    retried: () => retried,
    async edit() {
      let left = random(weight);
      for (const [share, run] of edits) {
        left -= share;
        if (left < 0) return run();
      }
    },
  };
}
