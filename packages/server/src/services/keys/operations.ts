import Type from 'typebox';
import { byRef, listOperation } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { ApiKey } from './api-key.ts';
import { SESSION_SECONDS } from './session-seconds.ts';

const name = Type.String({
  minLength: 1,
  maxLength: 255,
  // No URL can hold . or .. as a part of its path.
  pattern: '^(?!\\.{1,2}$).*\\S',
  'x-form': 'more than blanks, and not . or ..',
});
const ref = Type.String({ minLength: 1, maxLength: 255, description: 'Id, AWS access key id or name' });
const limits = {
  permissions: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      minItems: 1,
      maxItems: 200,
      description: 'The only permissions that the key has, such as instance:read. *: all that your role has',
    }),
  ),
  cidrs: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
      minItems: 1,
      maxItems: 20,
      description: 'Networks from which the key works, such as 10.0.0.0/8',
    }),
  ),
  all_tenants: Type.Optional(
    Type.Boolean({
      description:
        'Let the key act in all tenants that you are a member of, by X-Tenant-ID. Default: in this tenant alone',
    }),
  ),
  expires_at: Type.Optional(
    Type.String({ format: 'date-time', description: 'When the key stops working, such as 2030-01-01T00:00:00Z' }),
  ),
};

const descendants = Type.Optional(
  Type.Boolean({
    default: true,
    description: 'Revoke the keys that were made with it, too; false leaves them. Default: true',
  }),
);
const revoked = Type.Object({
  descendants_revoked: Type.Optional(
    Type.Integer({ description: 'Number of keys that were made with it and ended with it' }),
  ),
});

/** Room for the longest lists of permissions, in bytes. */
const bodyLimit = 16 << 10;
const flags = { permissions: 'permission', cidrs: 'cidr', expires_at: 'expires' };
const newKey = ['id', 'name', 'key', 'aws_access_key_id', 'aws_secret_access_key'];
const shownOnce = ['key', 'aws_secret_access_key'];
const { min, max, usual } = SESSION_SECONDS;

export const keyOperations = {
  create: operation({
    summary: 'Create an API key',
    description:
      'Returns the key and its AWS secret, which are never shown again. The key may do what your role allows at the time of each call. It acts in this tenant alone, unless you set all_tenants. You can limit it further: to permissions, to networks and in time. A key that is limited to permissions cannot change your user. A key that is itself limited passes its limits on. What is made with an API key ends when that one is revoked. The quota is 50 keys per user and tenant by default; session keys do not count.',
    effect: 'create',
    http: { method: 'POST', path: '/auth/keys' },
    input: Type.Object({ name, ...limits }, { additionalProperties: false }),
    output: ApiKey,
    creates: 'api_key',
    uses: ['api_keys'],
    permission: 'identity:create',
    references: { permissions: 'permission' },
    bodyLimit,
    shownOnce,
    cli: { args: ['name'], columns: newKey, flags },
  }),
  createSession: operation({
    summary: 'Create a temporary key',
    description:
      'Made from the key that sends this request: it may do what that key may at the time of each call, ends with it, and expires. AWS clients need its session token too. It makes no keys. A key has at most 100 of them at a time.',
    effect: 'action',
    http: { method: 'POST', path: '/auth/keys/session', status: 201 },
    input: Type.Object(
      {
        duration_seconds: Type.Optional(
          Type.Integer({
            minimum: min,
            maximum: max,
            default: usual,
            description: 'Seconds until it expires, 15 minutes to 36 hours. Default: 12 hours',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: ApiKey,
    creates: 'api_key',
    permission: 'identity:create',
    errors: ['QUOTA_EXCEEDED'],
    shownOnce: [...shownOnce, 'aws_session_token'],
    cli: {
      columns: ['id', 'key', 'aws_access_key_id', 'aws_secret_access_key', 'aws_session_token', 'expires_at'],
      flags: { duration_seconds: 'duration' },
    },
  }),
  list: listOperation(
    { kind: 'api_key', title: 'your API keys in this tenant', path: '/auth/keys', output: ApiKey },
    ['id', 'name', 'kind', 'all_tenants', 'prefix', 'last_used', 'expires_at'],
    { permission: 'identity:read' },
  ),
  get: operation({
    summary: 'Get an API key',
    effect: 'read',
    http: { method: 'GET', path: '/auth/keys/:id' },
    input: byRef,
    output: ApiKey,
    target: { kind: 'api_key', param: 'id' },
    answers: 'api_key',
    permission: 'identity:read',
    cli: { args: ['id'] },
  }),
  update: operation({
    summary: 'Rename an API key, or change its limits',
    description:
      'Takes effect within a second. What is not given stays as it is. The key itself stays the same; to replace it, rotate it.',
    effect: 'update',
    http: { method: 'PATCH', path: '/auth/keys/:id' },
    input: Type.Object({ id: ref, name: Type.Optional(name), ...limits }, { additionalProperties: false }),
    output: ApiKey,
    target: { kind: 'api_key', param: 'id' },
    answers: 'api_key',
    permission: 'identity:create',
    references: { permissions: 'permission' },
    bodyLimit,
    cli: { args: ['id'], flags },
  }),
  rotate: operation({
    summary: 'Replace an API key',
    description:
      'Returns a new key with another id, and the same name and limits; neither the key nor its AWS secret is shown again. The old key stops working within a second, or after the overlap; keys that were made with it go on, and are taken along by the new one.',
    effect: 'action',
    http: { method: 'POST', path: '/auth/keys/:id/rotate', alias: '/auth/keys/:id/regenerate' },
    input: Type.Object(
      {
        id: ref,
        overlap_seconds: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 86_400,
            default: 0,
            description: 'Seconds for which the old key still works, at most a day. Default: 0',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: ApiKey,
    target: { kind: 'api_key', param: 'id' },
    uses: ['api_keys'],
    permission: 'identity:create',
    shownOnce,
    cli: { args: ['id'], columns: newKey, flags: { overlap_seconds: 'overlap' } },
  }),
  revoke: operation({
    summary: 'Revoke an API key',
    description:
      'The key stops working within a second, and so do the keys that were made with it; the answer says how many. If several keys have this name, use the id.',
    effect: 'delete',
    http: { method: 'DELETE', path: '/auth/keys/:id', status: 204 },
    input: Type.Object({ id: ref, descendants }, { additionalProperties: false }),
    output: revoked,
    target: { kind: 'api_key', param: 'id' },
    permission: 'identity:delete',
    cli: { args: ['id'] },
  }),
};

const memberKeyId = Type.String({ minLength: 1, maxLength: 255, description: 'Id or AWS access key id' });
const byMemberKey = Type.Object({ id: memberKeyId }, { additionalProperties: false });

/** Keys of all members, for who manages the tenant. */
export const memberKeyOperations = {
  list: listOperation(
    { kind: 'member_key', title: "all members' API keys in this tenant", path: '/auth/member-keys', output: ApiKey },
    ['id', 'user_id', 'name', 'all_tenants', 'prefix', 'last_used', 'expires_at'],
    {
      permission: 'identity:read_all',
      input: Type.Object(
        {
          ...pageInput,
          user_id: Type.Optional(Type.String({ format: 'uuid', description: 'Only keys of this member' })),
        },
        { additionalProperties: false },
      ),
      references: { user_id: 'member' },
      cli: {
        columns: ['id', 'user_id', 'name', 'all_tenants', 'prefix', 'last_used', 'expires_at'],
        flags: { user_id: 'user' },
      },
    },
  ),
  get: operation({
    summary: "Get a member's API key",
    effect: 'read',
    http: { method: 'GET', path: '/auth/member-keys/:id' },
    input: byMemberKey,
    output: ApiKey,
    target: { kind: 'member_key', param: 'id' },
    answers: 'member_key',
    permission: 'identity:read_all',
    cli: { args: ['id'] },
  }),
  revoke: operation({
    summary: "Revoke a member's API key",
    description:
      'The key stops working within a second, and so do the keys of this tenant that were made with it; the answer says how many. Its user can create another one as long as they are a member.',
    effect: 'delete',
    http: { method: 'DELETE', path: '/auth/member-keys/:id', status: 204 },
    input: Type.Object({ id: memberKeyId, descendants }, { additionalProperties: false }),
    output: revoked,
    target: { kind: 'member_key', param: 'id' },
    permission: 'identity:read_all',
    cli: { args: ['id'] },
  }),
};
