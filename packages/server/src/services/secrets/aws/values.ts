import type { Static } from 'typebox';
import type { AwsContext } from '../../../kernel/aws-actions.ts';
import { invalidInput } from '../../../kernel/errors.ts';
import type { RevealedSecret } from '../operations.ts';
import { naming } from './names.ts';

interface Given {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/** Members of our operations for the value of a call; none of one without a value. Throws INVALID_INPUT for two values. */
export function valueIn({ SecretString: text, SecretBinary: bytes }: Given): Readonly<Record<string, unknown>> {
  if (text !== undefined && bytes !== undefined)
    throw invalidInput("You can't specify both a binary secret value and a string secret value in the same secret.");
  if (bytes !== undefined) return { value: Buffer.from(bytes).toString('base64'), encoding: 'base64' };
  return text === undefined ? {} : { value: text };
}

/** The id of the version that a call stores, from its token. */
export const tokenIn = ({ ClientRequestToken: token }: { readonly ClientRequestToken?: string | undefined }) =>
  token === undefined ? {} : { version_id: token };

/** A value as Secrets Manager answers it. */
export const shownValue = (context: AwsContext, revealed: Static<typeof RevealedSecret>) => ({
  ...naming(context, revealed),
  VersionId: revealed.version_id,
  VersionStages: [...revealed.stages],
  CreatedDate: new Date(revealed.created_at),
  ...(revealed.encoding === 'base64'
    ? { SecretBinary: Buffer.from(revealed.value, 'base64') }
    : { SecretString: revealed.value }),
});
