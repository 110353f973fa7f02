import { expect } from 'vitest';
import type { TestDatabase } from '../../../../../testkit/src/index.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { openDatabase } from '../../../kernel/sql/pool.ts';
import { passOver } from '../../../testing/pass.ts';
import { type Actor, type Answer, type TestApi, uniqueWord } from '../../../testing/test-api.ts';
import { createMoveReconciler } from '../reconcile-move-task.ts';
import { createRemovalReconciler } from '../reconcile-removal.ts';

export type Input = Readonly<Record<string, unknown>>;

export const queueName = (end = ''): string => `q-${uniqueWord()}${end}`;

export function expectRefused(answer: Answer, status: number, code: string, words: string): void {
  expect([answer.status, answer.code], answer.text).toEqual([status, code]);
  expect(answer.message).toContain(words);
}

/** Short words for calls of queues at REST, by the owner unless they say otherwise. */
export function queueCalls(api: TestApi, owner: Actor, database: TestDatabase) {
  const call = (verb: string, input: Input, actor: Pick<Actor, 'key'> = owner) =>
    api.call(`queues.${verb}`, input, actor);
  async function make(more: Input = {}, actor: Pick<Actor, 'key'> = owner) {
    const answer = await call('create', { name: queueName(), ...more }, actor);
    expect(answer.status, answer.text).toBe(201);
    return answer.data;
  }
  return {
    call,
    make,
    fifo: (more: Input = {}) => make({ name: queueName('.fifo'), ...more }),
    async eventsOf(id: string): Promise<readonly string[]> {
      const { rows } = await api.owner.query<{ event_type: string }>(
        'select event_type from events where resource_id = $1 order by seq',
        [id],
      );
      return rows.map((row) => row.event_type);
    },
    async auditOf(id: string): Promise<readonly string[]> {
      const { rows } = await api.owner.query<{ action: string }>(
        `select action from audit_logs where resource_id = $1 and outcome <> 'refused' order by id`,
        [id],
      );
      return rows.map((row) => row.action);
    },
    /** The worker's passes over a thing that somebody woke, until there is nothing more to do. */
    async work(kind: 'queue' | 'queue_move_task', id: string): Promise<void> {
      const worker = openDatabase({ connectionString: database.workerUrl, max: 2, min: 0 });
      try {
        const { rows } = await api.owner.query('select from reconcile where kind = $1 and id = $2', [kind, id]);
        expect(rows, `nobody woke ${kind} ${id}`).toHaveLength(1);
        const create = kind === 'queue' ? createRemovalReconciler : createMoveReconciler;
        const { pass } = create({ clock: systemClock });
        while ((await pass(passOver(worker, { id, tenantId: owner.tenantId }))).kind !== 'gone');
      } finally {
        await worker.close();
      }
    },
  };
}
