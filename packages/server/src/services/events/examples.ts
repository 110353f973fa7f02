import type { Example, ExampleWorld } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import type { eventOperations } from './operations.ts';

/** Makes one by SQL. */
export async function insertEvent(
  world: Pick<ExampleWorld, 'owner' | 'tenantId'>,
  resourceId = newId(),
): Promise<string> {
  await world.owner.query(
    `insert into events (tenant_id, event_type, resource_id, resource_type, actor, changes)
     values ($1, 'VPC_ACTIVE', $2, 'vpc', 'system:vpc', '{"status": {"from": "pending", "to": "active"}}')`,
    [world.tenantId, resourceId],
  );
  return resourceId;
}

export const eventExamples: Record<keyof typeof eventOperations, Example> = {
  list: {
    input: async (world) => (await insertEvent(world), {}),
    more: async (world) => [
      { resource_id: await insertEvent(world) },
      { resource_type: 'vpc', action: 'VPC_*' },
      { action: 'VPC_CREATE', actor: 'system:vpc' },
      { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
      { to: '2020-01-01T00:00:00Z' },
    ],
  },
  stream: { input: async (world) => (await insertEvent(world), { resource_type: 'vpc' }) },
};
