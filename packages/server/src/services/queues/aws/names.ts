import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { CloudError } from '../../../kernel/errors.ts';
import type { Queue } from '../queue.ts';
import { SqsError } from './errors.ts';

// A queue has three names at SQS: its own, its URL and its ARN.

/** Whose queues are named, and where they are. */
export type Account = Pick<AwsContext, 'accountNumber' | 'region'>;

/** As many as a list answers at once, as at SQS. */
export const MOST_LISTED = 1_000;

/** Where this client finds the queue. */
export const queueUrl = (context: AwsContext, name: string): string =>
  `${context.baseUrl}/${context.accountNumber}/${name}`;

export const queueArn = ({ region, accountNumber }: Account, name: string): string =>
  `arn:aws:sqs:${region}:${accountNumber}:${name}`;

const ACCOUNT = /^\d{12}$/;

const noSuchQueue = (url: string) =>
  new SqsError('QueueDoesNotExist', `The specified queue does not exist: '${url.slice(0, 300)}'`);

/**
 * The name at the end of a queue's URL. The host does not count: the same queue has as many URLs as the platform has names. A queue of another
 * account does not exist here.
 */
export function queueNameIn(url: string, context: Account): string {
  const end = url.endsWith('/') ? url.length - 1 : url.length;
  const slash = url.lastIndexOf('/', end - 1);
  if (slash > 0) {
    const account = url.slice(url.lastIndexOf('/', slash - 1) + 1, slash);
    if (account !== context.accountNumber && ACCOUNT.test(account)) throw noSuchQueue(url);
  }
  if (slash + 1 >= end)
    throw new SqsError('InvalidAddress', `The address '${url.slice(0, 300)}' is not that of a queue.`);
  return url.slice(slash + 1, end);
}

const ARN = /^arn:aws:sqs:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_.-]+)$/;

/** The name of this account's queue with an ARN; undefined: it can be none of its queues. */
export function queueNameInArn(arn: string, { region, accountNumber }: Account): string | undefined {
  const [, itsRegion, account, name] = ARN.exec(arn) ?? [];
  return itsRegion === region && account === accountNumber ? name : undefined;
}

/** Throws SQS's error if an account is named that is not the caller's: tenants share by membership. */
export function refuseOtherAccount(context: Account, account: string | undefined): void {
  if (account && account !== context.accountNumber)
    throw new SqsError(
      'QueueDoesNotExist',
      `The specified queue does not exist: a key sees the queues of its own account, ${context.accountNumber}. To use those of ${account.slice(0, 20)}, become a member of that tenant and create a key there.`,
    );
}

/** Names of queues by account and id, or undefined for one that is gone: a queue keeps its name, and its id is never another's. */
const known = new Map<string, string | undefined>();
const MOST_KNOWN = 10_000;

/** A queue's name; undefined if there is none with this id any more. */
export async function nameOfQueue(context: AwsContext, id: string): Promise<string | undefined> {
  const key = `${context.accountNumber} ${id}`;
  if (known.has(key)) return known.get(key);
  const name = await lookUp(context, id);
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!);
  known.set(key, name);
  return name;
}

async function lookUp(context: AwsContext, id: string): Promise<string | undefined> {
  try {
    return ((await context.execute('queues.get', { id })) as Queue).name;
  } catch (error) {
    if (error instanceof CloudError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** The ARN of a queue that another one names by its id. */
export async function arnOfQueue(context: AwsContext, id: string): Promise<string | undefined> {
  const name = await nameOfQueue(context, id);
  return name === undefined ? undefined : queueArn(context, name);
}
