import type { Origin } from '../../kernel/caller.ts';
import { CloudError, committed, rateLimited, unauthorized } from '../../kernel/errors.ts';
import { sha256Hex } from '../../kernel/ids.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { sourceOf } from '../../kernel/source.ts';
import type { AccountRepository } from './account-repository.ts';
import { stepOfCode } from './totp.ts';

/** What the secret of a second factor is sealed for; it is sealed under the user's id. */
export const SECOND_FACTOR_PURPOSE = 'second-factor';

/** Codes of this service. */
export const identityErrors = { SECOND_FACTOR_REQUIRED: 401 } as const;

/** Results of logins in `thecloud_auth_attempts_total`, beside those of keys. */
export type LoginResult =
  | 'login'
  | 'login_failed'
  | 'login_locked'
  | 'login_slowed'
  | 'login_suspended'
  | 'second_factor_missing'
  | 'second_factor_failed';

/** The address group of a request: what wrong guesses are counted by, with the user. */
export const originSource = ({ ip }: Origin): string => sourceOf(ip ?? 'unknown').slice(0, 64);

/** Who guesses, from where, and when. */
export interface Guesser {
  readonly accounts: AccountRepository;
  readonly userId: string;
  readonly source: string;
  readonly now: Date;
  readonly count?: (result: LoginResult) => void;
}

const secondsUntil = (until: Date | null, now: Date): number =>
  Math.max(1, Math.ceil(((until ?? now).getTime() - now.getTime()) / 1000));

/**
 * Lets a guess be told to be right or wrong, and keeps others of the same user waiting until the end of the transaction. Answers whether the offered
 * hash, if there is one, is that of the password that holds now. Throws UNAUTHORIZED where five wrong ones locked this source,
 * RATE_LIMITED where all unknown sources together had too many.
 */
export async function admitGuess(
  { accounts, userId, source, now, count }: Guesser,
  offered?: string,
): Promise<boolean> {
  const { verdict, until, fits } = await accounts.admitGuess(userId, source, now, offered);
  const seconds = secondsUntil(until, now);
  if (verdict === 'locked') {
    count?.('login_locked');
    const minutes = Math.ceil(seconds / 60);
    throw committed(
      unauthorized(
        `too many wrong passwords or codes from your address; it is locked for this user for ${minutes} more ${minutes === 1 ? 'minute' : 'minutes'}. Wait, log in from another address, or reset the password`,
      ),
    );
  }
  if (verdict === 'slowed') {
    count?.('login_slowed');
    throw committed(
      rateLimited(
        `too many wrong passwords or codes for this user from many addresses; wait ${seconds} s, log in from an address that you used before, or reset the password`,
        seconds,
      ),
    );
  }
  return fits === true;
}

/** Counts a wrong guess. Answers the error to throw, whose transaction commits. */
export async function wrongGuess(
  { accounts, userId, source, now, count }: Guesser,
  message: string,
  result: LoginResult = 'login_failed',
): Promise<CloudError> {
  await accounts.recordGuess(userId, source, false, now);
  count?.(result);
  return committed(unauthorized(message));
}

/** Codes as people type them: any case, with blanks or hyphens anywhere. */
const plainCode = (code: string): string => code.replaceAll(/[\s-]/g, '').toLowerCase();

/** Hashes as stored. A recovery code has 80 random bits, so one round of SHA-256 is enough. */
export const hashRecoveryCode = (code: string): string => sha256Hex(plainCode(code));

/**
 * Checks a code of an authenticator app, or a recovery code, and uses it up. `none`: the user has no confirmed second factor. Call it after
 * `admitGuess`, whose lock makes sure that a code counts once.
 */
export async function checkCode(
  accounts: AccountRepository,
  sealer: Pick<Sealer, 'open'>,
  userId: string,
  code: string | undefined,
  now: Date,
): Promise<'none' | 'missing' | 'right' | 'wrong'> {
  const factor = await accounts.findSecondFactor(userId);
  if (!factor?.confirmed_at) return 'none';
  if (code === undefined) return 'missing';
  const plain = plainCode(code);
  if (!/^\d{6}$/.test(plain))
    return (await accounts.useRecoveryCode(userId, hashRecoveryCode(code), now)) ? 'right' : 'wrong';
  const secret = sealer.open(userId, SECOND_FACTOR_PURPOSE, factor.secret_sealed);
  const step = stepOfCode(secret, plain, now.getTime());
  return step !== undefined && (await accounts.useCodeStep(userId, step)) ? 'right' : 'wrong';
}

export const WRONG_CODE = 'the code is wrong, or was used before; wait for the next code of your app';

export const secondFactorRequired = (): CloudError =>
  committed(
    new CloudError(
      'SECOND_FACTOR_REQUIRED',
      identityErrors.SECOND_FACTOR_REQUIRED,
      "this user has a second factor; send the authenticator app's code, or a recovery code, as code",
    ),
  );
