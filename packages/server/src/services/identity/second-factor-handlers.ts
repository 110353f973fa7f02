import { conflict } from '../../kernel/errors.ts';
import { newSecret } from '../../kernel/ids.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { type Call, type Handlers, type Preparation, steps } from '../../kernel/service.ts';
import type { AccountRepository } from './account-repository.ts';
import { createPgAccountRepository } from './account-repository.pg.ts';
import {
  admitGuess,
  checkCode,
  type Guesser,
  hashRecoveryCode,
  originSource,
  SECOND_FACTOR_PURPOSE,
  WRONG_CODE,
  wrongGuess,
} from './guesses.ts';
import type { LoginDeps } from './login-handlers.ts';
import { compareOwn, requirePassword } from './password-handlers.ts';
import type { secondFactorOperations } from './second-factor-operations.ts';
import { base32, newTotpSecret, stepOfCode, totpUri } from './totp.ts';

type Ops = typeof secondFactorOperations;

const RECOVERY_CODES = 10;

/** 80 random bits in four groups: `abcd-efgh-ijkl-mnop`. */
const newRecoveryCode = (): string =>
  base32(Buffer.from(newSecret(10), 'hex'))
    .toLowerCase()
    .match(/.{4}/g)!
    .join('-');

async function giveRecoveryCodes(accounts: AccountRepository, userId: string): Promise<{ recovery_codes: string[] }> {
  const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
  await accounts.setRecoveryCodes(userId, codes.map(hashRecoveryCode));
  return { recovery_codes: codes };
}

const hasNone = () => conflict('you have no second factor; enrol one first: cloud second-factor enrol');

export const createSecondFactorHandlers = ({ sealer, forgetCallers, countLogin }: LoginDeps): Handlers<Ops> => {
  const guesserOf = ({ sql, userId, origin, now }: Call): Guesser => ({
    accounts: createPgAccountRepository(sql),
    userId,
    source: originSource(origin),
    now,
    count: countLogin,
  });

  /** Throws for a wrong code, which counts, and where the user has no second factor. */
  const requireCode = async (guesser: Guesser, code: string): Promise<void> => {
    const { accounts, userId, now } = guesser;
    await admitGuess(guesser);
    const checked = await checkCode(accounts, sealer, userId, code, now);
    if (checked === 'none') throw hasNone();
    if (checked !== 'right') throw await wrongGuess(guesser, WRONG_CODE, 'second_factor_failed');
  };

  return {
    async get({ sql, userId }) {
      const accounts = createPgAccountRepository(sql);
      const factor = await accounts.findSecondFactor(userId);
      if (!factor?.confirmed_at) return { enabled: false, recovery_codes_left: 0 };
      return {
        enabled: true,
        confirmed_at: factor.confirmed_at.toISOString(),
        recovery_codes_left: await accounts.countRecoveryCodes(userId),
      };
    },

    enrol: steps({
      prepare: (call: Preparation<InputOf<Ops['enrol']>>) => compareOwn(call, call.input.password),
      async run(call) {
        const { userId, caller, now, prepared, about } = call;
        const guesser = guesserOf(call);
        await requirePassword(guesser, prepared);
        const secret = newTotpSecret();
        const sealed = sealer.seal(userId, SECOND_FACTOR_PURPOSE, secret);
        if (!(await guesser.accounts.enrolSecondFactor(userId, sealed, now)))
          throw conflict('you already have a second factor; disable it before you enrol another');
        about({ id: userId });
        return { secret, uri: totpUri(secret, caller.kind === 'user' ? caller.email : userId) };
      },
    }),

    confirm: steps({
      async run(call: Call<InputOf<Ops['confirm']>>) {
        const { input, userId, now, about } = call;
        const guesser = guesserOf(call);
        const { accounts } = guesser;
        await admitGuess(guesser);
        const factor = await accounts.findSecondFactor(userId);
        if (!factor) throw hasNone();
        if (factor.confirmed_at) throw conflict('your second factor is confirmed already');
        const secret = sealer.open(userId, SECOND_FACTOR_PURPOSE, factor.secret_sealed);
        const step = stepOfCode(secret, input.code.replaceAll(/\s/g, ''), now.getTime());
        if (step === undefined || !(await accounts.useCodeStep(userId, step)))
          throw await wrongGuess(guesser, WRONG_CODE, 'second_factor_failed');
        await accounts.confirmSecondFactor(userId, now);
        about({ id: userId });
        return giveRecoveryCodes(accounts, userId);
      },
      async finish({ userId }) {
        forgetCallers(`user ${userId}`);
      },
    }),

    async recoveryCodes(call) {
      const guesser = guesserOf(call);
      await requireCode(guesser, call.input.code);
      call.about({ id: call.userId });
      return giveRecoveryCodes(guesser.accounts, call.userId);
    },

    disable: steps({
      async run(call: Call<InputOf<Ops['disable']>>) {
        const guesser = guesserOf(call);
        await requireCode(guesser, call.input.code);
        await guesser.accounts.deleteSecondFactor(call.userId);
        call.about({ id: call.userId });
        return { enabled: false };
      },
      async finish({ userId }) {
        forgetCallers(`user ${userId}`);
      },
    }),
  };
};
