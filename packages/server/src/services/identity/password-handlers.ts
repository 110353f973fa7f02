import { CloudError, committed, invalidInput } from '../../kernel/errors.ts';
import { newSecret, sha256Hex } from '../../kernel/ids.ts';
import { byAddress } from '../../kernel/plain-text.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { type Call, type CallFacts, type Handlers, type Preparation, steps } from '../../kernel/service.ts';
import { oneLine, queueMail, RESET_TOKEN } from '../mail/index.ts';
import { createPgAccountRepository } from './account-repository.pg.ts';
import type { authOperations } from './auth-operations.ts';
import { admitGuess, type Guesser, originSource, wrongGuess } from './guesses.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import type { LoginDeps } from './login-handlers.ts';
import { createPgOperatorRepository } from './operator-repository.pg.ts';
import { checkPassword, hashLike, hashPassword } from './password.ts';
import { presentUser } from './user.ts';

type Ops = typeof authOperations;

/** The hash that this password would have if it is the caller's: see hashLike. */
export async function compareOwn(
  { caller, read }: Pick<Preparation, 'caller' | 'read'>,
  password: string,
): Promise<{ readonly offered: string | undefined }> {
  const email = caller.kind === 'user' ? caller.email : '';
  const login = await read((sql) => createPgIdentityRepository(sql).findLogin(email));
  return { offered: await hashLike(password, login?.password_salt) };
}

/** Throws UNAUTHORIZED, which counts, if it is not the hash of the password that holds now. */
export async function requirePassword(
  guesser: Guesser,
  { offered }: Awaited<ReturnType<typeof compareOwn>>,
): Promise<void> {
  if (!(await admitGuess(guesser, offered))) throw await wrongGuess(guesser, 'the password is wrong');
}

/** An address that no mail can be sent to, or that had enough of them, must not show in the answer. */
function swallowRefusal(error: unknown): void {
  if (!(error instanceof CloudError)) throw error;
}

export const keyIdOf = ({ caller }: Pick<CallFacts, 'caller'>): string | undefined =>
  caller.kind === 'user' ? caller.keyId : undefined;

/** Milliseconds that an answer to a forgotten password takes, more than the work for a user whom there is: its time tells nothing. */
const FORGOTTEN_MS = 500;
/** Bytes of a reset token (contract, section 8). */
const TOKEN_BYTES = 32;

const FORGOTTEN =
  'If a user has this e-mail address, a mail with a link and a token is on its way; they are valid for one hour. To use the token: cloud auth reset-password';

/** The token stands in the fragment of the link, which browsers send to no server. */
const resetMail = (name: string, publicUrl: string): string => `Hello ${oneLine(name)},

somebody, probably you, asked for a new password for your account. To choose one, open

    ${publicUrl}/console/reset-password#token=${RESET_TOKEN}

or run

    cloud auth reset-password

and enter this token:

    ${RESET_TOKEN}

It is valid for one hour and works once.

If it was not you, ignore this mail: nothing changes without the token.
`;

/** A new token for a user whose identity the operator has checked. Answers it; undefined: there is no such user. */
export async function issuePasswordReset(
  call: Pick<Call, 'sql' | 'now' | 'newId'>,
  userId: string,
): Promise<string | undefined> {
  const token = newSecret(TOKEN_BYTES);
  const isIssued = await createPgOperatorRepository(call.sql).issueReset(
    userId,
    call.newId(),
    sha256Hex(token),
    call.now,
  );
  return isIssued ? token : undefined;
}

export interface PasswordDeps extends LoginDeps {
  /** Where people reach the API, without a slash at its end. */
  readonly publicUrl: string;
}

export const createPasswordHandlers = ({
  forgetCallers,
  countLogin,
  clock,
  publicUrl,
}: PasswordDeps): Pick<Handlers<Ops>, 'changePassword' | 'forgotPassword' | 'resetPassword'> => ({
  forgotPassword: steps({
    async run(call: Call<InputOf<Ops['forgotPassword']>>) {
      const { sql, input, origin, now, newId, about } = call;
      const mailId = newId();
      const reset = { id: newId(), mailId, source: originSource(origin), at: now };
      const accounts = createPgAccountRepository(sql);
      const user = await byAddress(input.email, (email) => accounts.requestReset(email, reset));
      if (user) {
        about({ id: user.id });
        const text = resetMail(user.name, publicUrl);
        const mail = { id: mailId, to: user.email, subject: 'Your new password', text };
        await queueMail(call, mail).catch(swallowRefusal);
      }
      return { message: FORGOTTEN };
    },
    async finish({ now }) {
      await clock.sleep(Math.max(0, now.getTime() + FORGOTTEN_MS - clock.now()));
    },
  }),

  changePassword: steps({
    async prepare(call: Preparation<InputOf<Ops['changePassword']>>) {
      const { old_password: old, new_password: wanted } = call.input;
      checkPassword(wanted);
      if (wanted === old) throw invalidInput('new_password is the old one; choose another password');
      const [own, newHash] = await Promise.all([compareOwn(call, old), hashPassword(wanted)]);
      return { ...own, newHash };
    },
    async run(call) {
      const { sql, userId, origin, now, prepared, about } = call;
      const accounts = createPgAccountRepository(sql);
      const guesser = { accounts, userId, source: originSource(origin), now, count: countLogin };
      await requirePassword(guesser, prepared);
      await accounts.changePassword(userId, prepared.newHash, keyIdOf(call)!, now);
      about({ id: userId });
      const row = await createPgIdentityRepository(sql).findUser(userId);
      return presentUser(row!, call.tenantId || undefined);
    },
    async finish({ userId }) {
      forgetCallers(`user ${userId}`);
    },
  }),

  resetPassword: steps({
    async prepare({ input }: Preparation<InputOf<Ops['resetPassword']>>) {
      checkPassword(input.new_password);
      return hashPassword(input.new_password);
    },
    async run({ sql, input, origin, now, prepared: newHash, becomes, about }) {
      const accounts = createPgAccountRepository(sql);
      const source = originSource(origin);
      const userId = await accounts.resetPassword(sha256Hex(input.token), newHash, source, now);
      if (userId === undefined)
        throw committed(
          invalidInput('this token is wrong, was used, or is older than one hour; ask for another: forgot-password'),
        );
      becomes({ userId });
      about({ id: userId });
      return { message: 'The password was changed and all sessions have ended; log in with the new password' };
    },
    async finish() {
      forgetCallers();
    },
  }),
});
