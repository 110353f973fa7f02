import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { type RunningPlatform, waitFor } from '../../packages/testkit/src/platform-api.ts';
import type { Actor } from './actor.ts';

/** Passes are slowed down, the machine may be small: nothing may take longer than this to settle after the last death. */
const SETTLE_MS = 150_000;

/** What the world must be like when all is over: exactly what was acknowledged, settled, once. */
export async function expectTruth(platform: RunningPlatform, actors: readonly Actor[]): Promise<void> {
  await expectBack(platform, actors[0]!);
  await expectDrained(platform);
  for (const actor of actors) await expectAcknowledged(platform, actor);
  await expectMachines(platform, actors);
  await expectNetworks(platform, actors);
}

/** The last death may have been a moment ago, with nothing left to do: then all is settled while one of them is still away. */
async function expectBack(platform: RunningPlatform, actor: Actor): Promise<void> {
  await waitFor(
    'the killed process to be back',
    async (saw) => {
      try {
        await platform.incus.machines();
        await actor.client.ask('GET', '/vpcs?limit=1');
        const metrics = await fetch(`${platform.address}/metrics`, { signal: AbortSignal.timeout(10_000) });
        const text = await metrics.text();
        saw(text.slice(-200));
        return metrics.ok && !text.includes('the worker did not answer');
      } catch (error) {
        saw(String(error));
        return false;
      }
    },
    { deadlineMs: SETTLE_MS, stepMs: 250, explain: platform.explain },
  );
}

/** No lease, no error, no failed attempt, nothing due; every row's spec seen; no tombstone left. */
async function expectDrained(platform: RunningPlatform): Promise<void> {
  const checks: Readonly<Record<string, string>> = {
    queue: `select concat_ws(' ', kind, id, 'due in', due_at - now(), 'attempts', attempts, 'lease', leased_until - now(), last_error) as line
      from reconcile where leased_until is not null or lease_token is not null or last_error is not null or attempts > 0
        or (due_at <= now() and kind not like 'sweep:%')`,
    'rows in the queue without a thing': `select concat_ws(' ', kind, id) as line from reconcile r
      where kind not like 'sweep:%' and not exists (select 1 from instances i where i.id = r.id) and not exists (select 1 from vpcs v where v.id = r.id)`,
    instances: `select concat_ws(' ', name, id, status, power, status_reason, 'version', version, observed_version, 'restart',
        restart_generation, observed_restart, 'deleted', deleted_at) as line
      from instances where deleted_at is not null or observed_version is distinct from version or observed_restart <> restart_generation
        or status_reason is not null or status <> case power when 'running' then 'RUNNING' else 'STOPPED' end`,
    vpcs: `select concat_ws(' ', name, id, status, status_reason, 'version', version, observed_version, 'deleted', deleted_at) as line
      from vpcs where deleted_at is not null or observed_version is distinct from version or status <> 'active' or status_reason is not null`,
    'network interfaces without an owner, and owners without one': `select concat_ws(' ', n.owner_id, n.address, i.id, i.private_ip) as line
      from network_interfaces n full join (select * from instances where private_ip is not null) i on i.id = n.owner_id
      where i.id is null or (n.address, n.vpc_id) is distinct from (i.private_ip, i.vpc_id)`,
    'addresses given twice': `select concat_ws(' ', vpc_id, private_ip) as line from instances group by vpc_id, private_ip having count(*) > 1`,
  };
  await waitFor(
    'everything to be settled',
    async (saw) => {
      const seen: string[] = [];
      for (const [what, text] of Object.entries(checks))
        for (const { line } of await platform.query<{ line: string }>(text)) seen.push(`${what}: ${line}`);
      saw(`\n${seen.join('\n')}`);
      return seen.length === 0;
    },
    { deadlineMs: SETTLE_MS, stepMs: 250, explain: platform.explain },
  );
}

/** What the tenant sees is what it was told; each acknowledged creation happened once. */
async function expectAcknowledged(platform: RunningPlatform, actor: Actor): Promise<void> {
  const { client } = actor;
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  const instances = ((await client.ask('GET', '/instances?limit=100')) as any[]).map(
    ({ id, name, vpc_id: vpcId, private_ip: address, status: power }) => ({ id, name, vpcId, address, power }),
  );
  expect(instances.sort(byId)).toEqual([...actor.instances.values()].sort(byId));
  const vpcs = ((await client.ask('GET', '/vpcs?limit=100')) as any[]).map(({ id, name, cidr_block: cidr }) => ({
    id,
    name,
    cidr,
  }));
  expect(vpcs.sort(byId)).toEqual([...actor.vpcs.values()].sort(byId));
  for (const id of actor.deleted) {
    const left = await platform.query(
      'select id from instances where id = $1 union all select id from vpcs where id = $1',
      [id],
    );
    expect(left).toEqual([]);
  }
  const audited = await platform.query<{ action: string; count: number }>(
    `select action, count(*)::int as count from audit_logs where tenant_id = $1 and outcome = 'allowed'
       and action in ('vpc.create', 'instance.launch') group by action order by action`,
    [client.tenantId],
  );
  const acknowledged = ['instance.launch', 'vpc.create']
    .map((action) => ({ action, count: actor.counts.get(action) ?? 0 }))
    .filter(({ count }) => count > 0);
  expect(audited).toEqual(acknowledged);
}

/** One machine and one disk an instance, in the state it should be in, and no other. */
async function expectMachines(platform: RunningPlatform, actors: readonly Actor[]): Promise<void> {
  const wanted = actors.flatMap((actor) => [...actor.instances.values()]);
  const machines = await platform.incus.machines();
  const states = machines.map(({ config, status }) => `${config['user.thecloud.instance']} ${status}`);
  const expected = wanted.map(({ id, power }) => `${id} ${power === 'RUNNING' ? 'Running' : 'Stopped'}`);
  expect(states.sort()).toEqual(expected.sort());
  expect([...(await platform.incus.volumes())].sort()).toEqual(machines.map((machine) => machine.name).sort());
  // One that says it runs does.
  for (const actor of actors)
    for (const { id, power } of actor.instances.values()) {
      if (power !== 'RUNNING') continue;
      const ran = await actor.client.ask('POST', `/instances/${id}/exec`, {
        command: ['ping', '-c', '1', '-W', '3', '10.0.0.1'],
      });
      expect({ id, exit: ran.exit_code, out: ran.stdout }).toMatchObject({ id, exit: 0 });
    }
}

/** One bridge and one router a VPC, and no other. */
async function expectNetworks(platform: RunningPlatform, actors: readonly Actor[]): Promise<void> {
  const vpcs = (
    await Promise.all(actors.map((actor) => actor.client.ask('GET', '/vpcs?limit=100') as Promise<any[]>))
  ).flat();
  const bridges = vpcs.map((vpc) => vpc.network_id as string).sort();
  const namespaces = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  const prefix = `tc-${platform.mark()}-`;
  const own = namespaces.filter((name) => name.startsWith(prefix));
  expect(
    own
      .filter((name) => name.startsWith(`${prefix}r`))
      .map((name) => name.slice(prefix.length + 1))
      .sort(),
  ).toEqual(bridges.map((bridge) => bridge.slice(1)));
  const links = execFileSync('ip', ['-n', `${prefix}cloud`, '-j', 'link', 'show', 'type', 'bridge'], {
    encoding: 'utf8',
  });
  expect((JSON.parse(links || '[]') as { ifname: string }[]).map((link) => link.ifname).sort()).toEqual(bridges);
}
