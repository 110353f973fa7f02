import { insertInstance } from '../services/instances/examples.ts';
import type { InstanceStats } from '../services/instances/stats.ts';
import type { FakeComputeEngine } from './fake-engines.ts';
import type { Actor, TestApi } from './test-api.ts';

/** What a worker may answer to `instances.stats`. */
export const EXAMPLE_STATS: InstanceStats = {
  read_at: '2026-01-01T00:00:00.000Z',
  cpu_percentage: 50,
  cpu_time_nanoseconds: 1_000_000_000,
  vcpus: 1,
  memory_percentage: 25,
  memory_usage_bytes: 33_554_432,
  memory_limit_bytes: 134_217_728,
  process_count: 1,
  process_limit: 100,
};

/** An instance that runs, in the database and in the fake engine. */
export async function runMachine(api: TestApi, engine: FakeComputeEngine, actor: Actor): Promise<string> {
  const id = await insertInstance(api.worldOf(actor));
  const ref = { tenantId: actor.tenantId, instanceId: id };
  await engine.define(ref, {
    image: 'busybox',
    hostname: 'web',
    vcpus: 1,
    memoryMb: 128,
    diskGb: 1,
    networkMbps: 100,
    processes: 100,
    env: {},
  });
  await engine.start(ref);
  return id;
}

export const revoke = (api: TestApi, { keyId }: Pick<Actor, 'keyId'>) =>
  api.owner.query('update api_keys set revoked_at = now() where id = $1', [keyId]);

/** A member of the tenant with a role of its own, whose permissions can be taken away. */
export async function memberWith(
  api: TestApi,
  { tenantId }: Pick<Actor, 'tenantId'>,
  permissions: readonly string[],
): Promise<Actor & { takeAway(): Promise<unknown> }> {
  const name = `role-${api.worldOf({ tenantId } as Actor).unique()}`;
  const { rows } = await api.owner.query<{ id: string }>(
    'insert into tenant_roles (tenant_id, name) values ($1, $2) returning id',
    [tenantId, name],
  );
  for (const permission of permissions)
    await api.owner.query('insert into tenant_role_permissions (role_id, tenant_id, permission) values ($1, $2, $3)', [
      rows[0]!.id,
      tenantId,
      permission,
    ]);
  const member = await api.makeMember(tenantId, name);
  return {
    ...member,
    takeAway: () => api.owner.query('delete from tenant_role_permissions where role_id = $1', [rows[0]!.id]),
  };
}
