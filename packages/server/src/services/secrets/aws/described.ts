import type { AwsContext } from '../../../kernel/aws-actions.ts';
import type { Secret } from '../secret.ts';
import { naming } from './names.ts';
import { tagsOf } from './tags.ts';

const time = <Name extends string>(name: Name, value: string | undefined) =>
  (value === undefined ? {} : { [name]: new Date(value) }) as { readonly [K in Name]?: Date };

/** What is known of a secret, as DescribeSecret and ListSecrets answer it. */
export const described = (context: AwsContext, secret: Secret) => ({
  ...naming(context, secret),
  ...(secret.description === undefined ? {} : { Description: secret.description }),
  RotationEnabled: secret.rotation_days !== undefined,
  ...(secret.rotation_days === undefined ? {} : { RotationRules: { AutomaticallyAfterDays: secret.rotation_days } }),
  ...time('LastRotatedDate', secret.rotated_at),
  ...time('NextRotationDate', secret.rotates_at),
  ...time('LastAccessedDate', secret.last_accessed_at),
  ...time('DeletedDate', secret.deletes_at),
  LastChangedDate: new Date(secret.updated_at),
  CreatedDate: new Date(secret.created_at),
  Tags: tagsOf(secret.labels),
});
