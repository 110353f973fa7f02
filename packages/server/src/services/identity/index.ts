import { type Kind, service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { identityActions } from './aws/sts.ts';
import { authExamples, secondFactorExamples, sessionExamples } from './account-examples.ts';
import type { AccountDeps } from './account-handlers.ts';
import { createAuthHandlers } from './auth-handlers.ts';
import { authOperations } from './auth-operations.ts';
import { identityErrors } from './guesses.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import type { LoginDeps } from './login-handlers.ts';
import { createPgOperatorRepository } from './operator-repository.pg.ts';
import { createSecondFactorHandlers } from './second-factor-handlers.ts';
import { secondFactorOperations } from './second-factor-operations.ts';
import { createSessionHandlers, sessionKind } from './session-handlers.ts';
import { sessionOperations } from './session-operations.ts';
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

export { createPgMemberRepository, keepAnOwner, type MemberRow } from './member-repository.pg.ts';
export { slugOf, wantedSlug } from './slug.ts';
export { issuePasswordReset } from './password-handlers.ts';

/** For the operator: lets the user try passwords again at once, after wrong ones locked or slowed addresses. */
export const unlockUser = (sql: Sql, userId: string): Promise<void> =>
  createPgOperatorRepository(sql).clearGuesses(userId);

/** For the operator: removes the user's second factor, so that the password alone lets them in. False: there was none. */
export const resetSecondFactor = (sql: Sql, userId: string): Promise<boolean> =>
  createPgOperatorRepository(sql).removeSecondFactor(userId);

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

/** Users: registering, logging in, passwords, the profile, closing an account. */
export const createAuthService = (deps: AccountDeps & { readonly registration?: 'open' | 'closed' }) =>
  service({
    name: 'auth',
    resource: 'user',
    title: 'Users',
    operations: authOperations,
    authority: true,
    console: 'custom',
    handlers: createAuthHandlers(deps),
    kinds: { user },
    settings: [SESSION_HOURS, registrationSetting(deps.registration)],
    retention: [
      { table: 'password_resets', key: 'id', over: `expires_at < now() - interval '1 day'` },
      { table: 'login_sources', key: 'user_id, source', over: 'expires_at < now()' },
    ],
    aws: [identityActions],
    examples: authExamples,
  });

/** The sessions of a user, each made by a login. */
export const createSessionsService = (deps: Pick<LoginDeps, 'forgetCallers'>) =>
  service({
    name: 'sessions',
    resource: 'session',
    title: 'Sessions',
    operations: sessionOperations,
    console: {
      group: 'account',
      icon: 'monitor-smartphone',
      order: 2,
      summary:
        'A session is one of your logins: a browser or a command line that acts for you until it expires or you end it.',
      title: 'user_agent',
      columns: ['user_agent', 'ip_address', 'current', 'created_at', 'last_used', 'expires_at'],
    },
    handlers: createSessionHandlers(deps),
    kinds: { session: sessionKind },
    examples: sessionExamples,
  });

/** The second factor of a user: time-based codes (RFC 6238) and recovery codes. */
export const createSecondFactorService = (deps: LoginDeps) =>
  service({
    name: 'second-factor',
    resource: 'second_factor',
    title: 'Second factor',
    operations: secondFactorOperations,
    authority: true,
    console: 'custom',
    handlers: createSecondFactorHandlers(deps),
    errors: identityErrors,
    examples: secondFactorExamples,
  });
