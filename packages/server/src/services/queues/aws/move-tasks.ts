import { invalidInput } from '../../../kernel/errors.ts';
import { type Account, queueArn, queueNameInArn } from './names.ts';
import { SqsError } from './errors.ts';

/** A task's handle is SQS's: the base64 of JSON. */
export const taskHandle = (context: Account, queue: string, task: string): string =>
  Buffer.from(JSON.stringify({ taskId: task, sourceArn: queueArn(context, queue) })).toString('base64');

/** Reads a handle that {@link taskHandle} made. */
export function readTaskHandle(handle: string, context: Account): { readonly id: string; readonly task: string } {
  const { taskId, sourceArn } = parsed(handle) ?? {};
  if (typeof taskId !== 'string' || typeof sourceArn !== 'string')
    throw invalidInput(
      `Value '${handle.slice(0, 200)}' for parameter TaskHandle is invalid. Use the one that StartMessageMoveTask answered.`,
    );
  const id = queueNameInArn(sourceArn, context);
  if (id === undefined) throw new SqsError('ResourceNotFoundException', 'Task does not exist.');
  return { id, task: taskId };
}

function parsed(handle: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(Buffer.from(handle, 'base64').toString()) as Readonly<Record<string, unknown>>;
  } catch {
    // Not JSON: no handle.
    return undefined;
  }
}

/** The queue with an ARN that names where messages are moved from or to. */
export function queueOfTask(arn: string, member: 'SourceArn' | 'DestinationArn', context: Account): string {
  const name = queueNameInArn(arn, context);
  if (name === undefined)
    throw new SqsError(
      'ResourceNotFoundException',
      `The resource that you specified for the ${member} parameter doesn't exist: '${arn.slice(0, 200)}'`,
    );
  return name;
}

/** Whatever is missing there, queue or task, SQS calls a resource. */
export const TASK_CODES = { NOT_FOUND: 'ResourceNotFoundException', CONFLICT: 'UnsupportedOperation' } as const;
