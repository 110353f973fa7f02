import type { Clock } from '../../kernel/clock.ts';
import { CloudError, committed, conflict, forbidden, unauthorized } from '../../kernel/errors.ts';
import { byAddress, newAddress, plainName } from '../../kernel/plain-text.ts';
import { newAccountNumber, newApiKey, newSecret } from '../../kernel/ids.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { readSetting } from '../../kernel/platform-setting.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Call, type Handlers, type Preparation, steps } from '../../kernel/service.ts';
import { createPgAccountRepository } from './account-repository.pg.ts';
import type { authOperations } from './auth-operations.ts';
import { accountSuspended } from './authenticator.ts';
import {
  admitGuess,
  checkCode,
  type Guesser,
  type LoginResult,
  originSource,
  secondFactorRequired,
  WRONG_CODE,
  wrongGuess,
} from './guesses.ts';
import type { IdentityRepository } from './identity-repository.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import { checkPassword, hashLike, hashPassword } from './password.ts';
import { SESSION_HOURS } from './settings.ts';
import { presentUser } from './user.ts';
import { slugOf } from './slug.ts';

export interface LoginDeps {
  readonly sealer: Pick<Sealer, 'open' | 'seal'>;
  /** Clears this process's cache of authenticated keys, so that a revoked key stops immediately. */
  readonly forgetCallers: (subject?: string) => void;
  readonly clock: Clock;
  /** Counts a login: `thecloud_auth_attempts_total`. */
  readonly countLogin: (result: LoginResult) => void;
}

/** Most sessions that a user has at a time: a login by a script each minute would leave a thousand. The oldest ends. */
export const MOST_SESSIONS = 50;

/** Most times a random account number or slug that is taken is drawn again. */
const MAX_DRAWS = 5;

/** One sentence for every refusal: whether there is such a user, or is locked, is nobody's business who does not know the password. */
const INVALID =
  'invalid email or password. After five wrong ones from your address, or twenty from several, none is accepted for up to 15 minutes: wait, log in from an address that you used before, or reset the password';

const cannotEnd = () =>
  new CloudError('NOT_FOUND', 404, 'this is not a session key of your user; to revoke an API key, use its id or name');

export const createLoginHandlers = ({
  sealer,
  forgetCallers,
  countLogin,
}: LoginDeps): Pick<Handlers<typeof authOperations>, 'register' | 'login' | 'logout' | 'me'> => ({
  register: steps({
    /** Answers the password's hash. */
    async prepare({ input }: Preparation<InputOf<(typeof authOperations)['register']>>) {
      newAddress(input.email);
      plainName('name', input.name);
      checkPassword(input.password);
      return hashPassword(input.password);
    },
    async run({ sql, input, createdId, newId, now, origin, prepared: passwordHash, becomes }) {
      const [email, name] = [newAddress(input.email), plainName('name', input.name)];
      const repository = createPgIdentityRepository(sql);
      const user = { userId: createdId, email, name, tenantId: newId(), passwordHash, at: now };
      await registerOnce(repository, {
        ...user,
        tenantName: `${name}'s tenant`,
        slug: slugOf(email.split('@')[0]!) || 'tenant',
      });
      becomes({ userId: user.userId, tenantId: user.tenantId });
      await createPgAccountRepository(sql).recordGuess(user.userId, originSource(origin), true, now);
      const row = await repository.findUser(user.userId);
      return presentUser(row!, user.tenantId);
    },
  }),

  login: steps({
    /** Answers who it would be, and the hash that the password would have. */
    async prepare({ input, read }: Preparation<InputOf<(typeof authOperations)['login']>>) {
      const login = await read((sql) => byAddress(input.email, createPgIdentityRepository(sql).findLogin));
      return { login, offered: await hashLike(input.password, login?.password_salt) };
    },
    async run({ sql, input, prepared: { login, offered }, origin, now, newId, becomes, about }) {
      const accounts = createPgAccountRepository(sql);
      if (!login) {
        countLogin('login_failed');
        // Takes as long as for a user.
        await accounts.admitGuess(newId(), originSource(origin), now, undefined);
        throw committed(unauthorized(INVALID));
      }
      // A refused login names the account, too.
      about({ id: login.id });
      const guesser: Guesser = { accounts, userId: login.id, source: originSource(origin), now, count: countLogin };
      const fits = await admitGuess(guesser, offered).catch((error: unknown) => {
        throw error instanceof CloudError ? committed(unauthorized(INVALID)) : error;
      });
      if (!fits || offered === undefined) throw await wrongGuess(guesser, INVALID);
      const checked = await checkCode(accounts, sealer, login.id, input.code, now);
      if (checked === 'missing') {
        countLogin('second_factor_missing');
        throw secondFactorRequired();
      }
      if (checked === 'wrong') throw await wrongGuess(guesser, WRONG_CODE, 'second_factor_failed');
      await accounts.recordGuess(login.id, guesser.source, true, now);
      if (login.suspension !== null) {
        countLogin('login_suspended');
        throw committed(accountSuspended(login.suspension));
      }
      countLogin('login');
      const tenantId = login.default_tenant_id;
      becomes({ userId: login.id, ...(tenantId ? { tenantId } : {}) });
      const expiresAt = new Date(now.getTime() + (await readSetting(sql, SESSION_HOURS)) * 3_600_000);
      const { key, hash: keyHash, prefix } = newApiKey();
      const opened = await accounts.openSession({
        id: newId(),
        userId: login.id,
        offered,
        hash: keyHash,
        prefix,
        expiresAt,
        ipAddress: origin.ip ?? null,
        userAgent: origin.userAgent?.slice(0, 255) ?? null,
        at: now,
      });
      if (!opened) throw unauthorized(INVALID);
      await accounts.endOldSessions(login.id, MOST_SESSIONS, now);
      about({ id: login.id });
      return { user: presentUser(login, tenantId ?? undefined), api_key: key, expires_at: expiresAt.toISOString() };
    },
  }),

  logout: steps({
    async run({ sql, input, userId, now, about }: Call<InputOf<(typeof authOperations)['logout']>>) {
      const id = await createPgIdentityRepository(sql).endSession(userId, input.api_key, now);
      if (id === undefined) throw cannotEnd();
      about({ id });
      return { id };
    },
    async finish({ userId }) {
      forgetCallers(`user ${userId}`);
    },
  }),

  async me(call) {
    const row = await createPgIdentityRepository(call.sql).findUser(call.userId);
    if (!row) throw unauthorized('the user of this key no longer exists');
    const permissions = call.caller.kind === 'user' ? [...call.caller.permissions].sort() : [];
    return { ...presentUser(row, call.tenantId || undefined), permissions };
  },
});

async function registerOnce(
  repository: IdentityRepository,
  user: {
    userId: string;
    email: string;
    name: string;
    tenantId: string;
    passwordHash: string;
    at: Date;
    tenantName: string;
    slug: string;
  },
): Promise<void> {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const tenantSlug = draw === 0 ? user.slug : `${user.slug}-${newSecret(3)}`;
    const outcome = await repository.register({ ...user, tenantSlug, accountNumber: newAccountNumber() });
    if (outcome === 'created') return;
    if (outcome === 'email_taken')
      throw conflict(`a user with the email '${user.email}' already exists; log in instead`);
    if (outcome === 'closed')
      throw forbidden('registration is closed on this platform; ask the operator for an account');
  }
  throw conflict('no free tenant name was found; try again');
}
