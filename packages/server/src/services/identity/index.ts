import { type Kind, service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { identityActions } from './aws/sts.ts';
import { authExamples, keyExamples } from './examples.ts';
import { createAuthHandlers, createKeyHandlers, type KeyDeps } from './handlers.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import { authOperations, keyOperations } from './operations.ts';
import { type ApiKeyRow, presentKey, presentUser, type UserRow } from './user.ts';

export {
  AUTHORITY_CHANNEL,
  type Authenticator,
  createAuthenticator,
  type Freshness,
  type KeyRow,
} from './authenticator.ts';
export { AWS_SECRET_PURPOSE } from './handlers.ts';

/** The tenant's number in ARNs; undefined: there is no such tenant. */
export const findAccountNumber = (sql: Sql, tenantId: string): Promise<string | undefined> =>
  createPgIdentityRepository(sql).accountNumber(tenantId);

const user: Kind<UserRow> = {
  noun: 'user',
  find: (sql, { ref }) => createPgIdentityRepository(sql).findUser(ref),
  id: (row) => row.id,
  name: (row) => row.email,
  present: (row) => presentUser(row),
};

const apiKey: Kind<ApiKeyRow> = {
  noun: 'API key',
  find: (sql, { tenantId, userId, ref, lock }) => createPgIdentityRepository(sql).findKey(tenantId, userId, ref, lock),
  id: (row) => row.id,
  name: (row) => row.name ?? row.id,
  present: presentKey,
  list: (sql, { tenantId, userId }, page) => createPgIdentityRepository(sql).listKeys(tenantId, userId, page),
};

/** Users: registering, logging in, who am I. */
export const createAuthService = (deps: Pick<KeyDeps, 'forgetCallers'>) =>
  service({
    name: 'auth',
    resource: 'user',
    title: 'Users',
    operations: authOperations,
    handlers: createAuthHandlers(deps),
    kinds: { user },
    aws: [identityActions],
    examples: authExamples,
  });

/** API keys of the caller in the active tenant. */
export const createKeysService = (deps: KeyDeps) =>
  service({
    name: 'keys',
    resource: 'api_key',
    title: 'API keys',
    operations: keyOperations,
    handlers: createKeyHandlers(deps),
    kinds: { api_key: apiKey },
    // Live ones of a user in the tenant, without the session keys of logins.
    quotas: { api_keys: { max: 50, noun: 'API keys', free: 'Revoke one' } },
    usage: async (sql, { tenantId, userId }) => ({
      api_keys: await createPgIdentityRepository(sql).countKeys(tenantId, userId),
    }),
    // Sessions among them.
    retention: [{ table: 'api_keys', key: 'id', over: `least(revoked_at, expires_at) < now() - interval '30 days'` }],
    examples: keyExamples,
  });
