import { has } from '../../kernel/changes.ts';
import { isPermitted } from '../../kernel/caller.ts';
import { conflict, forbidden, invalidInput, notFound } from '../../kernel/errors.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { countLive, holdRow, refuseIdAsName } from '../../kernel/resource.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import { QUEUES } from '../queues/index.ts';
import { fire } from './fire.ts';
import { CRON_JOBS, type CronJobRow } from './job.ts';
import { createPgCronJobRepository, type CronJobSpec } from './job-repository.pg.ts';
import type { cronOperations } from './operations.ts';
import { presentRun } from './run.ts';
import { firstTick, nextTicks } from './timing.ts';

/** Throws FORBIDDEN: who makes a job send messages must be somebody who may send them. */
function requireSender({ caller }: Pick<Call, 'caller'>): void {
  if (caller.kind === 'user' && !isPermitted(caller.permissions, 'queue:write'))
    throw forbidden(`a cron job sends messages, which needs the permission 'queue:write' too; ask for it`);
}

/** The id of a queue that a job may send to. Throws NOT_FOUND or INVALID_INPUT. */
async function targetOf({ sql, tenantId }: Pick<Call, 'sql' | 'tenantId'>, ref: string): Promise<string> {
  const queue = await holdRow(sql, QUEUES, tenantId, ref);
  if (!queue) throw notFound('queue', ref);
  if (queue.fifo)
    throw invalidInput(
      `target_queue_id '${ref}' is a FIFO queue, which cron jobs cannot send to; use a standard queue`,
    );
  return queue.id;
}

const DEFAULTS = { timezone: 'UTC', target_payload: '{}', missed: 'once', status: 'ACTIVE' } as const;

export const cronHandlers: Handlers<typeof cronOperations, { cron_job: CronJobRow }> = {
  create: steps({
    async check(call) {
      requireSender(call);
      refuseIdAsName(CRON_JOBS, call.input.name);
    },
    quota: async ({ sql, tenantId }) => [
      { resource: 'cron_jobs', used: await countLive(sql, CRON_JOBS, tenantId), wanted: 1 },
    ],
    async run(call) {
      const { sql, input, createdId: id, tenantId, userId, now } = call;
      const timing = { ...DEFAULTS, ...input, counts_from: now };
      const row = await createPgCronJobRepository(sql).insert({
        ...timing,
        id,
        user_id: userId,
        tenant_id: tenantId,
        created_at: now,
        next_run_at: firstTick(timing, now),
        target_queue_id: await targetOf(call, input.target_queue_id),
      });
      if (!row) throw conflict(`a cron job named '${input.name}' already exists; choose another name`);
      return row;
    },
  }),

  async update(call) {
    const { id: _, ...given } = call.input;
    const { sql, target, now } = call;
    if (Object.keys(given).length === 0)
      throw invalidInput(
        'nothing to change: set at least one of schedule, timezone, target_queue_id, target_payload, missed',
      );
    requireSender(call);
    const wanted = {
      schedule: target.schedule,
      timezone: target.timezone,
      target_payload: target.target_payload,
      missed: target.missed,
      ...given,
      target_queue_id:
        given.target_queue_id === undefined ? target.target_queue_id : await targetOf(call, given.target_queue_id),
    };
    if (has(target, wanted)) return call.unchanged(target);
    const isRetimed = wanted.schedule !== target.schedule || wanted.timezone !== target.timezone;
    const timing = { ...wanted, counts_from: isRetimed ? now : target.counts_from };
    const first = isRetimed ? firstTick(timing, now) : target.next_run_at;
    return createPgCronJobRepository(sql).rewrite(
      target.id,
      { ...timing, status: target.status, next_run_at: target.status === 'PAUSED' ? null : first },
      now,
    );
  },

  async delete({ sql, target }) {
    await createPgCronJobRepository(sql).remove(target.id);
    return { message: `cron job '${target.name}' is deleted` };
  },

  async pause({ sql, target, now, unchanged }) {
    if (target.status === 'PAUSED') return unchanged(target);
    return createPgCronJobRepository(sql).rewrite(
      target.id,
      { ...specOf(target), status: 'PAUSED', next_run_at: null },
      now,
    );
  },

  async resume(call) {
    const { sql, target, now, unchanged } = call;
    requireSender(call);
    if (target.status === 'ACTIVE') return unchanged(target);
    const next = firstTick(target, now);
    return createPgCronJobRepository(sql).rewrite(
      target.id,
      { ...specOf(target), status: 'ACTIVE', next_run_at: next },
      now,
    );
  },

  async run(call) {
    requireSender(call);
    const [run] = await fire(call.sql, [{ job: call.target, at: null }], call.now);
    return presentRun(run!);
  },

  async runs({ sql, input, target, tenantId }) {
    const page = pageRequest(input);
    const { items, ...more } = toPage(
      await createPgCronJobRepository(sql).listRuns(tenantId, target.id, page),
      page.limit,
      (row) => row.id,
    );
    return { ...more, items: items.map(presentRun) };
  },

  async next({ input, target, now }) {
    return shown(nextTicks(target, now, input.count ?? 10));
  },

  async preview({ input, now }) {
    return shown(nextTicks({ timezone: 'UTC', ...input, counts_from: now }, now, input.count ?? 10));
  },
};

const shown = (times: readonly Date[]) => ({ times: times.map((time) => time.toISOString()) });

const specOf = ({ schedule, timezone, counts_from, target_queue_id, target_payload, missed }: CronJobRow) =>
  ({ schedule, timezone, counts_from, target_queue_id, target_payload, missed }) satisfies Omit<
    CronJobSpec,
    'status' | 'next_run_at'
  >;
