import type * as SecretsManager from '@aws-sdk/client-secrets-manager';
import { type CommonErrorCode, type ErrorCode, errorsOf } from '@thecloud/aws-protocol';
import type { AwsAction } from '../../../kernel/aws-actions.ts';
import { CloudError, invalidInput, type KernelErrorCode } from '../../../kernel/errors.ts';
import type { SECRET_ERRORS } from '../errors.ts';

export const SecretsManagerError = errorsOf<typeof SecretsManager>();
type Code = ErrorCode<typeof SecretsManager> | CommonErrorCode;

/** Secrets Manager's codes for ours, where the door's usual ones do not fit. */
export const SECRET_CODES = {
  INVALID_INPUT: 'InvalidParameterException',
  CONFLICT: 'InvalidRequestException',
  SECRET_HAS_NO_VALUE: 'ResourceNotFoundException',
  SECRET_VERSION_EXISTS: 'ResourceExistsException',
} as const satisfies Readonly<Record<keyof typeof SECRET_ERRORS, Code> & Partial<Record<KernelErrorCode, Code>>>;

/** Members of ours that errors name, in Secrets Manager's words. Those that are words of English too stand at the beginning of a sentence only. */
const MEMBERS: Readonly<Record<string, string>> = {
  cursor: 'NextToken',
  days: 'AutomaticallyAfterDays',
  description: 'Description',
  exclude_characters: 'ExcludeCharacters',
  force: 'ForceDeleteWithoutRecovery',
  id: 'SecretId',
  keys: 'TagKeys',
  labels: 'Tags',
  length: 'PasswordLength',
  limit: 'MaxResults',
  move_to: 'MoveToVersionId',
  name: 'Name',
  recovery_days: 'RecoveryWindowInDays',
  remove_from: 'RemoveFromVersionId',
  require_each_type: 'RequireEachIncludedType',
  stage: 'VersionStage',
  stages: 'VersionStages',
  value: 'SecretString',
  version_id: 'ClientRequestToken',
};
const NAMES = Object.keys(MEMBERS);
const MENTIONED = new RegExp(
  `^(?:${NAMES.join('|')})\\b(?= |\\.|:)|\\b(?:${NAMES.filter((name) => name.includes('_')).join('|')})\\b`,
  'g',
);

/** An action whose refusals name things as Secrets Manager does. */
export const inItsWords =
  (action: AwsAction): AwsAction =>
  async (input, context) => {
    try {
      return await action(input, context);
    } catch (error) {
      throw error instanceof CloudError && error.code === 'INVALID_INPUT'
        ? invalidInput(error.message.replace(MENTIONED, (name) => MEMBERS[name]!))
        : error;
    }
  };

export const hasCode = (error: unknown, code: string): error is CloudError =>
  error instanceof CloudError && error.code === code;

/** What a call asks for that is not there: to pass it over would be a lie. */
export const unsupported = (what: string): Error => new SecretsManagerError('InvalidParameterException', what);
