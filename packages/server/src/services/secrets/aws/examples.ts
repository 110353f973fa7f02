import type { AwsExample, AwsWorld } from '../../../kernel/aws-actions.ts';
import { newId } from '../../../kernel/ids.ts';
import { insertSecret } from '../examples.ts';

type Columns = Parameters<typeof insertSecret>[1];

/** A call that names a secret, and says more. */
const ofSecret = (
  more: object | ((made: Awaited<ReturnType<typeof insertSecret>>) => object) = {},
  columns: Columns = {},
  malformed?: AwsExample['malformed'],
): AwsExample => ({
  foreign: 'ResourceNotFoundException',
  async input(world: AwsWorld) {
    const made = await insertSecret(world, columns);
    return { SecretId: made.name, ...(typeof more === 'function' ? more(made) : more) };
  },
  ...(malformed ? { malformed } : {}),
});

export const secretActionExamples: Readonly<Record<string, AwsExample>> = {
  BatchGetSecretValue: {
    async input(world) {
      const { name } = await insertSecret(world);
      return { Filters: [{ Key: 'name', Values: [name] }] };
    },
    malformed: (good) => [{}, { ...good, SecretIdList: ['x'] }, { Filters: [{ Key: 'color', Values: ['x'] }] }],
  },
  CancelRotateSecret: ofSecret({}, { rotation_days: 30, rotation_length: 32, rotates_at: '2199-01-01' }),
  CreateSecret: {
    input: async ({ unique }) => ({ Name: `secret-${unique()}`, SecretString: 'hidden', ClientRequestToken: newId() }),
    malformed: (good) => [
      { ...good, Name: 'a b' },
      { ...good, SecretBinary: new Uint8Array([1]) },
      { ...good, KmsKeyId: 'alias/mine' },
      { ...good, AddReplicaRegions: [{ Region: 'eu-north-1' }] },
    ],
  },
  DeleteSecret: ofSecret({ RecoveryWindowInDays: 7 }, {}, (good) => [
    { ...good, RecoveryWindowInDays: 6 },
    { ...good, ForceDeleteWithoutRecovery: true },
  ]),
  DescribeSecret: ofSecret(),
  GetRandomPassword: {
    input: async () => ({ PasswordLength: 20, ExcludePunctuation: true }),
    malformed: () => [{ PasswordLength: 4097 }, { PasswordLength: 2 }],
  },
  GetResourcePolicy: ofSecret(),
  GetSecretValue: ofSecret(),
  ListSecretVersionIds: ofSecret(),
  ListSecrets: {
    async input(world) {
      await insertSecret(world);
      return { MaxResults: 100 };
    },
    malformed: () => [{ SortOrder: 'asc' }, { Filters: [{ Key: 'color', Values: ['x'] }] }],
  },
  PutSecretValue: ofSecret({ SecretString: 'next', ClientRequestToken: newId() }, {}, (good) => [
    { SecretId: good.SecretId, ClientRequestToken: newId() },
  ]),
  RestoreSecret: ofSecret({}, { deletes_at: '2199-01-01' }),
  RotateSecret: ofSecret({ RotationRules: { AutomaticallyAfterDays: 30 }, ClientRequestToken: newId() }, {}, (good) => [
    { ...good, RotationLambdaARN: 'arn:aws:lambda:us-east-1:000000000000:function:f' },
    { ...good, RotationRules: { ScheduleExpression: 'cron(0 8 1 * ? *)' } },
    { ...good, RotationRules: { AutomaticallyAfterDays: 30, Duration: '3h' } },
  ]),
  TagResource: ofSecret({ Tags: [{ Key: 'team', Value: 'shop' }] }),
  UntagResource: ofSecret({ TagKeys: ['team'] }, { labels: '{"team": "shop"}' }),
  UpdateSecret: ofSecret({ Description: 'for the shop', ClientRequestToken: newId() }),
  UpdateSecretVersionStage: ofSecret(
    ({ versions }) => ({
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: versions[0],
      RemoveFromVersionId: versions[1],
    }),
    { values: ['one', 'two'] },
    (good) => [{ ...good, RemoveFromVersionId: undefined }],
  ),
};
