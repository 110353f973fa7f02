import { has } from '../../kernel/changes.ts';
import { isPermitted } from '../../kernel/caller.ts';
import { conflict, forbidden, invalidInput } from '../../kernel/errors.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { countLive, refuseIdAsName } from '../../kernel/resource.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import { fire } from './fire.ts';
import { CRON_JOBS, type CronJobRow, type CronJobSpec } from './job.ts';
import { createPgCronJobRepository } from './job-repository.pg.ts';
import type { cronOperations } from './operations.ts';
import { presentRun } from './run.ts';
import { type TargetDeps, targetOf, timesOf, untargeted } from './spec.ts';
import { firstTick, nextTicks } from './timing.ts';

/** Throws FORBIDDEN: who makes a job send messages must be somebody who may send them. */
function requireSender({ caller }: Pick<Call, 'caller'>, job: Pick<CronJobSpec, 'target_queue_id'>): void {
  if (job.target_queue_id !== null && caller.kind === 'user' && !isPermitted(caller.permissions, 'queue:write'))
    throw forbidden(`this cron job sends messages, which needs the permission 'queue:write' too; ask for it`);
}

const NO_NEXT = { next_run_at: null, due_at: null } as const;
const NEW_TIMES = { schedule: '', timezone: 'UTC', starts_at: null, ends_at: null, window_minutes: 0 } as const;

export const createCronHandlers = (deps: TargetDeps): Handlers<typeof cronOperations, { cron_job: CronJobRow }> => ({
  create: steps({
    async check(call) {
      refuseIdAsName(CRON_JOBS, call.input.name);
    },
    quota: async ({ sql, tenantId }) => [
      { resource: 'cron_jobs', used: await countLive(sql, CRON_JOBS, tenantId), wanted: 1 },
    ],
    async run(call) {
      const { sql, input, createdId: id, tenantId, userId, now } = call;
      if (input.target_queue_id === undefined && input.target_url === undefined)
        throw invalidInput('a cron job needs a target: give target_queue_id or target_url');
      const target = await targetOf(deps, call, input, untargeted(id, tenantId));
      requireSender(call, target);
      const timing = { ...timesOf(input, NEW_TIMES), counts_from: now };
      const counted = { ...timing, counts_from: countsFrom(timing, now) };
      const row = await createPgCronJobRepository(sql).insert({
        ...counted,
        ...target,
        ...firstTick(counted, now),
        id,
        user_id: userId,
        tenant_id: tenantId,
        name: input.name,
        created_at: now,
        status: 'ACTIVE',
        target_payload: input.target_payload ?? '{}',
        missed: input.missed ?? 'once',
        overlap: input.overlap ?? 'allow',
      });
      if (!row) throw conflict(`a cron job named '${input.name}' already exists; choose another name`);
      return row;
    },
  }),

  async update(call) {
    const { id: _, ...given } = call.input;
    const { sql, target, now } = call;
    if (Object.keys(given).length === 0)
      throw invalidInput('nothing to change: set at least one member, such as schedule or target_payload');
    const times = timesOf(given, target);
    const wanted = {
      ...times,
      ...(await targetOf(deps, call, given, target)),
      target_payload: given.target_payload ?? target.target_payload,
      missed: given.missed ?? target.missed,
      overlap: given.overlap ?? target.overlap,
    };
    requireSender(call, wanted);
    if (has(target, wanted)) return call.unchanged(target);
    if (has(target, times))
      return createPgCronJobRepository(sql).rewrite(target.id, { ...specOf(target), ...wanted }, now);
    const timing = { ...wanted, counts_from: countsFrom(times, now) };
    const next = firstTick(timing, now);
    const isPaused = target.status === 'PAUSED';
    return createPgCronJobRepository(sql).rewrite(
      target.id,
      { ...timing, status: isPaused ? 'PAUSED' : 'ACTIVE', ...(isPaused ? NO_NEXT : next) },
      now,
    );
  },

  async delete({ sql, target }) {
    await createPgCronJobRepository(sql).remove(target.id);
    return { message: `cron job '${target.name}' is deleted` };
  },

  async pause({ sql, target, now, unchanged }) {
    if (target.status === 'PAUSED') return unchanged(target);
    if (target.status === 'COMPLETED')
      throw conflict(`the schedule of '${target.name}' has ended, so there is nothing to pause`);
    return createPgCronJobRepository(sql).rewrite(target.id, { ...specOf(target), status: 'PAUSED', ...NO_NEXT }, now);
  },

  async resume(call) {
    const { sql, target, now, unchanged } = call;
    requireSender(call, target);
    if (target.status === 'ACTIVE') return unchanged(target);
    const next = firstTick(target, now);
    return createPgCronJobRepository(sql).rewrite(target.id, { ...specOf(target), status: 'ACTIVE', ...next }, now);
  },

  async run(call) {
    requireSender(call, call.target);
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
});

const shown = (times: readonly Date[]) => ({ times: times.map((time) => time.toISOString()) });

/** A rate counts from the beginning, if that is to come. */
const countsFrom = ({ starts_at: start }: Pick<CronJobSpec, 'starts_at'>, now: Date): Date =>
  start && start > now ? start : now;

const specOf = (row: CronJobRow): CronJobSpec => row;
