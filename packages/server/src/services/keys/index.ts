import { isAwsAccessKeyId, isUuid } from '../../kernel/ids.ts';
import { searchList } from '../../kernel/search.ts';
import { type Kind, service } from '../../kernel/service.ts';
import { type ApiKeyRow, presentKey } from './api-key.ts';
import { keyIamActions } from './aws/iam.ts';
import { keyStsActions } from './aws/sts.ts';
import { keyExamples, memberKeyExamples } from './examples.ts';
import { createKeyHandlers, createMemberKeyHandlers, type KeyDeps } from './handlers.ts';
import { createPgKeyRepository } from './key-repository.pg.ts';
import { keyOperations, memberKeyOperations } from './operations.ts';

export { openAwsSecrets, type AwsSecrets } from './aws-secrets.ts';

const listKeys: NonNullable<Kind<ApiKeyRow>['list']> = (sql, { tenantId, userId }, page) =>
  createPgKeyRepository(sql).list(tenantId, userId, page);

const apiKey: Kind<ApiKeyRow> = {
  noun: 'API key',
  find: (sql, { tenantId, userId, ref, lock }) => createPgKeyRepository(sql).find(tenantId, userId, ref, lock),
  id: (row) => row.id,
  name: (row) => row.name ?? row.id,
  present: presentKey,
  list: listKeys,
};

/** A key of any member of the tenant, whose name says little to others. */
const memberKey: Kind<ApiKeyRow> = {
  ...apiKey,
  find: async (sql, { tenantId, ref, lock }) =>
    isUuid(ref) || isAwsAccessKeyId(ref) ? createPgKeyRepository(sql).findOfTenant(tenantId, ref, lock) : undefined,
  list: (sql, { tenantId }, page) => createPgKeyRepository(sql).listOfTenant(tenantId, page),
};

/** API keys of the caller in the active tenant. */
export const createKeysService = (deps: KeyDeps) =>
  service({
    name: 'keys',
    resource: 'api_key',
    title: 'API keys',
    operations: keyOperations,
    authority: true,
    console: {
      group: 'account',
      icon: 'key-round',
      order: 1,
      summary: 'An API key lets a program act for you in this tenant, with all or some of your permissions.',
      columns: ['name', 'kind', 'all_tenants', 'permissions', 'last_used', 'expires_at'],
    },
    handlers: createKeyHandlers(deps),
    kinds: {
      api_key: {
        ...apiKey,
        search: searchList(apiKey, listKeys, ({ name, prefix }) => [name, prefix]),
        detail: ({ kind, prefix }) => [kind, prefix].filter(Boolean).join(' '),
      },
    },
    // Live ones of a user in the tenant, without the session keys of logins.
    quotas: { api_keys: { max: 50, noun: 'API keys', free: 'Revoke one', perUser: true } },
    usage: async (sql, { tenantId, userId }) => ({
      api_keys: await createPgKeyRepository(sql).count(tenantId, userId),
    }),
    // Sessions among them.
    retention: [
      { table: 'api_keys', key: 'id', over: `least(revoked_at, expires_at) < now() - interval '30 days'` },
      {
        table: 'api_keys',
        key: 'id',
        over: `kind = 'temporary' and least(revoked_at, expires_at) < now() - interval '1 day'`,
      },
    ],
    aws: [keyIamActions, keyStsActions],
    examples: keyExamples,
  });

/** API keys of all members of the active tenant, for who manages them. */
export const createMemberKeysService = (deps: Pick<KeyDeps, 'forgetCallers'>) =>
  service({
    name: 'member-keys',
    resource: 'api_key',
    title: "Members' API keys",
    operations: memberKeyOperations,
    console: {
      group: 'access',
      icon: 'key-square',
      order: 4,
      summary: 'All API keys with which members and their programs act in this tenant.',
      columns: ['name', 'user_id', 'all_tenants', 'last_used', 'expires_at'],
      references: { user_id: 'member' },
    },
    handlers: createMemberKeyHandlers(deps),
    kinds: { member_key: memberKey },
    examples: memberKeyExamples,
  });
