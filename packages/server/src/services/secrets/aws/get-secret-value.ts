import type { Static } from 'typebox';
import type { RevealedSecret } from '../operations.ts';
import type { SecretAction } from './action.ts';
import { secretIn } from './names.ts';
import { shownValue } from './values.ts';

export const getSecretValue: SecretAction<'GetSecretValue'> = async (input, context) => {
  const revealed = (await context.execute('secrets.reveal', {
    id: await secretIn(context, input.SecretId),
    ...(input.VersionId === undefined ? {} : { version_id: input.VersionId }),
    ...(input.VersionStage === undefined ? {} : { stage: input.VersionStage }),
  })) as Static<typeof RevealedSecret>;
  return shownValue(context, revealed);
};
