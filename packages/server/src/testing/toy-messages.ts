import Type from 'typebox';
import { operation } from '../kernel/operation.ts';
import { type DataCall, type Kind, service } from '../kernel/service.ts';
import type { Sql } from '../kernel/sql/tx.ts';

interface QueueRow {
  readonly id: string;
  readonly name: string;
}

/** The one statement of a call: what the bench of the data path compares with. */
export const insertMessage = async (sql: Sql, tenantId: string, queueId: string, body: string): Promise<string> => {
  const [row] = await sql.query<{ id: string }>(
    'toy.send',
    'insert into queue_messages (queue_id, tenant_id, body) values ($1, $2, $3) returning id',
    [queueId, tenantId, body],
  );
  return row!.id;
};

const queue: Kind<QueueRow> = {
  noun: 'queue',
  find: async (sql, { tenantId, ref }) =>
    (
      await sql.query<QueueRow>('toy.find_queue', 'select id, name from queues where tenant_id = $1 and id = $2', [
        tenantId,
        ref,
      ])
    )[0],
  id: (row) => row.id,
  present: (row) => row,
};

/** Messages into a queue: an operation of the data plane that inserts a row. */
export const createMessagesService = () =>
  service({
    name: 'messages',
    resource: 'queue',
    title: 'Messages',
    kinds: { queue },
    operations: {
      send: operation({
        summary: 'Send a message',
        plane: 'data',
        effect: 'action',
        http: { method: 'POST', path: '/queues/:id/messages' },
        input: Type.Object({ id: Type.String(), body: Type.String() }, { additionalProperties: false }),
        output: Type.Object({ message_id: Type.String() }),
        target: { kind: 'queue', param: 'id' },
      }),
    },
    handlers: {
      send: async ({ sql, tenantId, target, input }: DataCall<{ body: string }, QueueRow>) => ({
        message_id: await insertMessage(sql, tenantId, target.id, input.body),
      }),
    },
  });
