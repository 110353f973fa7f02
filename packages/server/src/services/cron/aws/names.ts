import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { notFound } from '../../../kernel/errors.ts';
import { type Queue, queueArn, queueNameInArn } from '../../queues/index.ts';
import type { CronJob } from '../job.ts';
import { hasCode, SchedulerError } from './errors.ts';

/** The group that every account has. There are no others. */
export const GROUP = 'default';

const arn = ({ region, accountNumber }: AwsContext, rest: string): string =>
  `arn:aws:scheduler:${region}:${accountNumber}:${rest}`;

export const scheduleArn = (context: AwsContext, name: string): string => arn(context, `schedule/${GROUP}/${name}`);
export const groupArn = (context: AwsContext): string => arn(context, `schedule-group/${GROUP}`);

/** Throws ResourceNotFoundException for a group that there is not. */
export function refuseOtherGroup(name: string | undefined): void {
  if (name !== undefined && name !== GROUP)
    throw new SchedulerError(
      'ResourceNotFoundException',
      `Schedule group '${name.slice(0, 64)}' does not exist: there is one group, '${GROUP}'. Leave GroupName out.`,
    );
}

/** What our other doors take for a part of an id too. */
const PART_OF_ID = /^[0-9a-f-]{8,}$/i;

/** What our operations call the thing of a name, whose read this is: its name, or its id where the name could be a part of another's id. */
async function refOf(context: AwsContext, read: string, name: string): Promise<string | undefined> {
  if (!PART_OF_ID.test(name)) return name;
  try {
    const found = (await context.execute(read, { id: name })) as { readonly id: string; readonly name: string };
    return found.name === name ? found.id : undefined;
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND') || hasCode(error, 'INVALID_INPUT')) return undefined;
    throw error;
  }
}

/** What our operations call the job that a schedule is. Throws NOT_FOUND where it can be none. */
export async function jobIn(
  context: AwsContext,
  input: { readonly Name: string | undefined; readonly GroupName?: string | undefined },
): Promise<string> {
  refuseOtherGroup(input.GroupName);
  const job = await refOf(context, 'cron.get', input.Name!);
  if (job === undefined) throw notFound('schedule', input.Name!);
  return job;
}

/** What our operations call the queue that a target's ARN names. Throws NOT_FOUND where it can be none. */
export async function queueIn(context: AwsContext, target: string): Promise<string> {
  const name = queueNameInArn(target, context);
  const queue = name === undefined ? undefined : await refOf(context, 'queues.get', name);
  if (queue === undefined) throw notFound('queue', target.slice(0, 300));
  return queue;
}

/** The ARN of a job's queue, with no name at its end if the queue is gone; or the URL that it calls. */
export async function arnOfTarget(context: AwsContext, job: CronJob): Promise<string> {
  if (job.target_url !== undefined) return job.target_url;
  if (job.target_queue_id === undefined) return queueArn(context, '');
  try {
    return queueArn(context, ((await context.execute('queues.get', { id: job.target_queue_id })) as Queue).name);
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return queueArn(context, '');
    throw error;
  }
}
