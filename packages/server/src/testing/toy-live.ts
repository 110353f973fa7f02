import Type from 'typebox';
import { newId } from '../kernel/ids.ts';
import { operation } from '../kernel/operation.ts';
import { createRegistry } from '../kernel/registry.ts';
import { service } from '../kernel/service.ts';
import { issueTicket } from '../kernel/ticket.ts';
import { callerWithKey, type Seeded, type Tenant } from './seed.ts';

const live = (path: string, permission: string) =>
  operation({
    summary: 'Do it',
    effect: 'action',
    http: { method: 'POST', path },
    input: Type.Object({}, { additionalProperties: false }),
    output: Type.Null(),
    permission,
    live: true,
  });

/** Operations for the worker to complete, one of them without a handler there. */
export const TOY_LIVE = createRegistry([
  service({
    name: 'xs',
    resource: 'x',
    title: 'Xs',
    operations: { read: live('/xs/read', 'x:read'), unknown: live('/xs/unknown', 'x:read') },
    handlers: { read: async () => '', unknown: async () => '' },
  }),
]);

/** A ticket of a new key for an operation without a target. */
export async function ticketOf(
  db: Pick<Seeded, 'owner' | 'api'>,
  whose: Tenant,
  operationName = 'xs.read',
  spec: object = {},
): Promise<string> {
  const { caller } = await callerWithKey(db, whose);
  return db.api.transaction(whose, (sql) =>
    issueTicket(sql, {
      caller,
      tenantId: whose.tenantId,
      operation: operationName,
      targetId: undefined,
      spec,
      metadata: {},
      origin: { requestId: newId() },
    }),
  );
}
