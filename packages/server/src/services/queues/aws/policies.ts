import { CloudError } from '../../../kernel/errors.ts';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import type { Queue } from '../queue.ts';

/** A policy as AddPermission and RemovePermission keep it. Statements that came with SetQueueAttributes may have any members. */
export interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}
export interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

/** Others may change the queue at the same time, each of whom makes one attempt useless. */
const ATTEMPTS = 5;

/** Changes a queue's policy to what `change` makes of it; undefined removes it. */
export async function changePolicy(
  id: string,
  context: AwsContext,
  change: (policy: Policy | undefined, queue: Queue) => Policy | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const queue = (await context.execute('queues.get', { id })) as Queue;
    const changed = change(read(queue.access_policy), queue);
    const input = { id: queue.id, access_policy: changed ? JSON.stringify(changed) : '' };
    try {
      await context.execute('queues.update', input, { ifMatch: queue.version });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof CloudError) || error.code !== 'CONFLICT') throw error;
    }
  }
}

function read(text: string | undefined): Policy | undefined {
  if (!text) return undefined;
  const policy = JSON.parse(text) as Omit<Policy, 'Statement'> & {
    readonly Statement?: Statement | readonly Statement[];
  };
  const { Statement: statements = [] } = policy;
  return { ...policy, Statement: Array.isArray(statements) ? statements : [statements as Statement] };
}
