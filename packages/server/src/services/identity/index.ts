import { type Kind, service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { identityActions } from './aws/sts.ts';
import { authExamples } from './examples.ts';
import { type AuthDeps, createAuthHandlers } from './handlers.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import { authOperations } from './operations.ts';
import { registrationSetting, SESSION_HOURS } from './settings.ts';
import { presentUser, type UserRow } from './user.ts';

export {
  AUTHORITY_CHANNEL,
  type Authenticator,
  createAuthenticator,
  type Freshness,
  type KeyRow,
  subjectsOf,
} from './authenticator.ts';

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

/** Users: registering, logging in, who am I. */
export const createAuthService = (deps: AuthDeps & { readonly registration?: 'open' | 'closed' }) =>
  service({
    name: 'auth',
    resource: 'user',
    title: 'Users',
    operations: authOperations,
    handlers: createAuthHandlers(deps),
    kinds: { user },
    settings: [SESSION_HOURS, registrationSetting(deps.registration)],
    aws: [identityActions],
    examples: authExamples,
  });
