import type { PageOf } from '../../../kernel/operation.ts';
import { cursorBehind } from '../../../kernel/page.ts';
import type { CronJob } from '../job.ts';
import type { ScheduleAction } from './action.ts';
import { arnOfTarget, refuseOtherGroup } from './names.ts';
import { named } from './shown.ts';
import { oneOf, STATES } from './spec.ts';

/** As many as Scheduler answers at most. */
const MOST = 100;
/** Pages of ours that one call looks through: a filter that fits few is answered with what they have, and where to go on. */
const MOST_PAGES = 10;

export const listSchedules: ScheduleAction<'ListSchedules'> = async (input, context) => {
  refuseOtherGroup(input.GroupName);
  oneOf('State', input.State, STATES);
  const { NamePrefix: prefix = '', State: state, MaxResults: most = MOST } = input;
  const limit = prefix === '' && state === undefined ? most : MOST;
  const found: ReturnType<typeof shownOf>[] = [];
  const shownOf = (job: CronJob) => ({ job, schedule: named(context, job) });
  let cursor = input.NextToken;
  for (let page = 0; page < MOST_PAGES && found.length < most; page++) {
    const { items, nextCursor } = (await context.execute('cron.list', {
      limit,
      ...(cursor ? { cursor } : {}),
    })) as PageOf<CronJob>;
    const fitting = items
      .map(shownOf)
      .filter(({ schedule }) => schedule.Name.startsWith(prefix) && (state ?? schedule.State) === schedule.State);
    const left = most - found.length;
    found.push(...fitting.slice(0, left));
    cursor = fitting.length > left ? cursorBehind(found.at(-1)!.job.id) : nextCursor;
    if (cursor === undefined) break;
  }
  // Many schedules have few targets.
  const arns = new Map<string | undefined, string>();
  const arnOf = async (job: CronJob): Promise<string> => {
    const key = job.target_url ?? job.target_queue_id;
    const arn = arns.get(key) ?? (await arnOfTarget(context, job));
    arns.set(key, arn);
    return arn;
  };
  const Schedules = [];
  for (const { job, schedule } of found) Schedules.push({ ...schedule, Target: { Arn: await arnOf(job) } });
  return { Schedules, ...(cursor === undefined ? {} : { NextToken: cursor }) };
};
