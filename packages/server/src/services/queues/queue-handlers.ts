import { has } from '../../kernel/changes.ts';
import { markDeleted, countLive, findRow, holdRow, listRows, refuseIdAsName } from '../../kernel/resource.ts';
import { conflict, invalidInput, notFound } from '../../kernel/errors.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import { findAccountNumber } from '../identity/index.ts';
import { purgeInProgress } from './errors.ts';
import { createPgMoveTaskRepository } from './move-task-repository.pg.ts';
import type { MoveTaskRow } from './move-task.ts';
import type { queueOperations } from './operations.ts';
import { createPgQueueRepository, type QueueSpec } from './queue-repository.pg.ts';
import {
  allowedRefs,
  DEFAULTS,
  isFifoName,
  redriveOf,
  requireDeadLetterQueue,
  requireOwnAccount,
  settle,
  typeOf,
} from './queue-rules.ts';
import { LIMITS, type QueueRow, QUEUES } from './queue.ts';

export interface QueueDeps {
  readonly region: string;
}

type Ops = typeof queueOperations;
type Inside = Pick<Call, 'sql' | 'tenantId'>;

/** A live queue, held against deletion until the end of the transaction. Throws NOT_FOUND. */
async function hold({ sql, tenantId }: Inside, ref: string): Promise<QueueRow> {
  const row = await holdRow(sql, QUEUES, tenantId, ref);
  if (!row) throw notFound('queue', ref);
  return row;
}

/** The spec with what is given put in its place. Throws INVALID_INPUT or NOT_FOUND. */
async function resolve(
  call: Inside,
  given: Omit<InputOf<Ops['update']>, 'id'>,
  queue: Pick<QueueRow, 'id' | 'name' | 'fifo'> & QueueSpec,
): Promise<QueueSpec> {
  const attributes = settle(given, queue, queue.fifo);
  // Every tenant has an account number.
  if (given.access_policy) requireOwnAccount(given.access_policy, (await findAccountNumber(call.sql, call.tenantId))!);
  const wanted = redriveOf(given, queue);
  let redrive: Pick<QueueSpec, 'dead_letter_queue_id' | 'max_receive_count'> = queue;
  if (wanted === null) redrive = { dead_letter_queue_id: null, max_receive_count: null };
  if (wanted) {
    const deadLetters = await hold(call, wanted.ref);
    requireDeadLetterQueue(queue, deadLetters);
    redrive = { dead_letter_queue_id: deadLetters.id, max_receive_count: wanted.count };
  }
  return {
    ...attributes,
    dead_letter_queue_id: redrive.dead_letter_queue_id,
    max_receive_count: redrive.max_receive_count,
    redrive_allow:
      given.redrive_allow === undefined ? queue.redrive_allow : await resolveAllow(call, given.redrive_allow),
  };
}

async function resolveAllow(
  call: Inside,
  allow: NonNullable<InputOf<Ops['update']>['redrive_allow']> | null,
): Promise<QueueSpec['redrive_allow']> {
  if (allow === null) return null;
  const refs = allowedRefs(allow);
  if (allow.permission !== 'by_queue') return { permission: allow.permission };
  const sources = await Promise.all(
    refs.map(async (ref) => {
      const row = await findRow(call.sql, QUEUES, { tenantId: call.tenantId, userId: '', ref, lock: false });
      if (!row || row.deleted_at) throw notFound('queue', ref);
      return row.id;
    }),
  );
  return { permission: 'by_queue', source_queue_ids: [...new Set(sources)] };
}

/** Those of a name's beginning are listed by name, and so are their cursors. */
const isName = (text: string): boolean => /^[\w.-]{1,80}$/.test(text);

export const createQueueHandlers = (
  deps: QueueDeps,
): Handlers<Ops, { queue: QueueRow; queue_move_task: MoveTaskRow }> => ({
  create: steps({
    async check({ input }) {
      refuseIdAsName(QUEUES, input.name);
    },
    quota: async ({ sql, tenantId }) => [
      { resource: 'queues', used: await countLive(sql, QUEUES, tenantId), wanted: 1 },
    ],
    async run(call) {
      const { sql, input, createdId: id, tenantId, userId, now: at } = call;
      const { name, labels = {}, ...given } = input;
      const fifo = isFifoName(name);
      const none = { dead_letter_queue_id: null, max_receive_count: null, redrive_allow: null };
      const spec = await resolve(call, given, { id, name, fifo, ...DEFAULTS, ...none });
      const account = await findAccountNumber(sql, tenantId);
      const arn = `arn:aws:sqs:${deps.region}:${account}:${name}`;
      const row = await createPgQueueRepository(sql).insert({
        id,
        userId,
        tenantId,
        name,
        arn,
        fifo,
        labels,
        at,
        ...spec,
      });
      if (!row) throw conflict(`a queue named '${name}' already exists; choose another name`);
      return row;
    },
  }),

  async list({ sql, input, tenantId }) {
    if (input.prefix === undefined) {
      const page = pageRequest(input);
      return toPage(await listRows(sql, QUEUES, tenantId, page), page.limit, (row) => row.id);
    }
    const page = pageRequest(input, isName);
    const rows = await createPgQueueRepository(sql).listByPrefix(tenantId, input.prefix, page);
    return toPage(rows, page.limit, (row) => row.name);
  },

  async update(call) {
    const { id: _, ...given } = call.input;
    if (Object.keys(given).length === 0)
      throw invalidInput('nothing to change: set at least one attribute of the queue, such as visibility_timeout');
    const spec = await resolve(call, given, call.target);
    if (has(call.target, spec)) return call.unchanged(call.target);
    return createPgQueueRepository(call.sql).rewrite(call.target.id, spec, call.now);
  },

  async delete({ sql, target, tenantId, now, wake }) {
    await markDeleted(sql, QUEUES, target.id, now);
    // No message may go to it any more.
    await createPgQueueRepository(sql).forgetDeadLetterQueue(tenantId, target.id, now);
    wake('queue', target.id);
    return { message: `queue '${target.name}' is being deleted` };
  },

  async purge({ sql, target, wake }) {
    if (!(await createPgQueueRepository(sql).purge(target.id))) throw purgeInProgress(target.name);
    wake('queue', target.id);
    return {};
  },

  async setLabels({ sql, input, target, now, unchanged }) {
    const labels = { ...target.labels, ...input.labels };
    const count = Object.keys(labels).length;
    if (count > LIMITS.labels)
      throw invalidInput(
        `queue '${target.name}' would have ${count} labels, and ${LIMITS.labels} is the most; remove some first`,
      );
    if (has(target, { labels })) return unchanged(target);
    return createPgQueueRepository(sql).setLabels(target.id, labels, now);
  },

  async removeLabels({ sql, input, target, now, unchanged }) {
    const labels = Object.fromEntries(Object.entries(target.labels).filter(([key]) => !input.keys.includes(key)));
    if (has(target, { labels })) return unchanged(target);
    return createPgQueueRepository(sql).setLabels(target.id, labels, now);
  },

  async deadLetterSources({ sql, input, target, tenantId }) {
    const page = pageRequest(input);
    const rows = await createPgQueueRepository(sql).listSources(tenantId, target.id, page);
    return toPage(rows, page.limit, (row) => row.id);
  },

  async redrive(call) {
    const { sql, input, target, tenantId, userId, createdId, wake } = call;
    const destination = input.destination_id === undefined ? undefined : await hold(call, input.destination_id);
    if (destination?.id === target.id)
      throw invalidInput(`queue '${target.name}' has these messages already; name another destination`);
    if (destination && destination.fifo !== target.fifo)
      throw invalidInput(
        `'${target.name}' is a ${typeOf(target)} queue, and '${destination.name}' is a ${typeOf(destination)} queue; name another destination`,
      );
    if (!destination) {
      const sources = await createPgQueueRepository(sql).listSources(tenantId, target.id, { limit: 1, after: null });
      if (sources.length === 0)
        throw conflict(
          `queue '${target.name}' is no queue's dead-letter queue, so its messages have no queue to go back to; name a destination`,
        );
    }
    const task = await createPgMoveTaskRepository(sql).insert({
      id: createdId,
      userId,
      tenantId,
      sourceId: target.id,
      destinationId: destination?.id ?? null,
      maxPerSecond: input.max_per_second ?? null,
    });
    if (!task)
      throw conflict(
        `a task is moving messages of queue '${target.name}' already; wait for its end, or cancel it first`,
      );
    wake('queue_move_task', task.id);
    return task;
  },

  async redriveTasks({ sql, input, target, tenantId }) {
    const page = pageRequest(input);
    const rows = await createPgMoveTaskRepository(sql).list(tenantId, target.id, page);
    return toPage(rows, page.limit, (row) => row.id);
  },

  async cancelRedrive({ sql, target, now, about }) {
    if (target.status !== 'RUNNING')
      throw conflict(
        `redrive task '${target.id}' has ended: it is ${target.status}; only a running one can be cancelled`,
      );
    about({ id: target.source_queue_id, metadata: { task: target.id } });
    return createPgMoveTaskRepository(sql).cancel(target.id, now);
  },
});
