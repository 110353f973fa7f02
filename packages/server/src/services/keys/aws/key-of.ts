import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { CloudError, notFound } from '../../../kernel/errors.ts';
import { isAwsAccessKeyId } from '../../../kernel/ids.ts';
import { CURRENT_TENANT } from '../../../kernel/operation.ts';
import type { ApiKey } from '../api-key.ts';

/** The id of another member whom IAM's UserName names; undefined: it is the caller, as when there is none. */
export async function otherMember(context: AwsContext, name: string | undefined): Promise<string | undefined> {
  const { caller } = context;
  if (name === undefined || (caller.kind === 'user' && caller.email === name.toLowerCase())) return undefined;
  const { id } = (await context.execute('members.get', { tenant: CURRENT_TENANT, member: name })) as { id: string };
  return id;
}

/** Throws NOT_FOUND for what could only be the name of a key: at this door keys have none. */
export function requireAccessKeyId(text: string): string {
  if (!isAwsAccessKeyId(text)) throw notFound('access key', text);
  return text;
}

/** A key of the caller's, or of another member. */
export async function keyOf(context: AwsContext, accessKeyId: string): Promise<ApiKey> {
  const id = requireAccessKeyId(accessKeyId);
  try {
    return (await context.execute('keys.get', { id })) as ApiKey;
  } catch (error) {
    if (!(error instanceof CloudError && error.code === 'NOT_FOUND')) throw error;
    return (await context.execute('member-keys.get', { id })) as ApiKey;
  }
}
