import type { PageRequest } from '../../kernel/page.ts';
import type { SessionRow, UserRow } from './user.ts';

/** What the database says of a guess. */
export interface Admitted {
  readonly verdict: 'open' | 'locked' | 'slowed' | 'gone';
  /** When the next guess is let through, of `locked` and `slowed`. */
  readonly until: Date | null;
  /** Whether the offered hash is that of the password that holds now. Null: not to be told. */
  readonly fits: boolean | null;
}

export interface SecondFactorRow {
  readonly secret_sealed: string;
  /** Null: enrolled, and not asked for yet. */
  readonly confirmed_at: Date | null;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  /** The hash of the password that was typed. */
  readonly offered: string;
  /** Hex SHA-256 of the key. */
  readonly hash: string;
  readonly prefix: string;
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly at: Date;
}

/** A tenant that has no owner but one user. */
export interface SoleTenantRow {
  readonly tenant_id: string;
  readonly name: string;
  /** Members beside the owner. */
  readonly others: number;
}

/** What accounts ask of the database: guesses, passwords, sessions, the second factor, closing. */
export interface AccountRepository {
  /** Locks the user until the end of the transaction, and says whether a guess from this source counts now. */
  admitGuess(userId: string, source: string, at: Date, offered: string | undefined): Promise<Admitted>;
  recordGuess(userId: string, source: string, succeeded: boolean, at: Date): Promise<void>;
  /** Undefined: nobody has this e-mail address, or the user or the source has had enough tokens. */
  requestReset(
    email: string,
    reset: { readonly id: string; readonly mailId: string; readonly source: string; readonly at: Date },
  ): Promise<{ readonly id: string; readonly email: string; readonly name: string } | undefined>;
  /** Answers whose password it was; undefined: the token is wrong, used or expired. */
  resetPassword(tokenHash: string, passwordHash: string, source: string, at: Date): Promise<string | undefined>;
  /** Ends the user's sessions but for this one, if the key is a session's. */
  changePassword(userId: string, newHash: string, keyId: string, at: Date): Promise<void>;
  /** Throws 23505 where another user has the e-mail address. */
  updateUser(userId: string, change: { readonly name: string; readonly email: string }, at: Date): Promise<UserRow>;
  /** In the user's default tenant, in which the transaction goes on as this user. False: the offered hash is not that of the password, or the account is not open. */
  openSession(session: NewSession): Promise<boolean>;
  listSessions(userId: string, page: PageRequest): Promise<readonly SessionRow[]>;
  findSession(userId: string, id: string): Promise<SessionRow | undefined>;
  /** False: the user has no such session. */
  endSession(userId: string, id: string, at: Date): Promise<boolean>;
  /** Ends the user's sessions but for this one; answers how many. */
  endSessions(userId: string, kept: string | null, at: Date): Promise<number>;
  /** Ends the user's sessions but for the newest `keep`. */
  endOldSessions(userId: string, keep: number, at: Date): Promise<void>;
  findSecondFactor(userId: string): Promise<SecondFactorRow | undefined>;
  /** In place of one that is not confirmed. False: there is a confirmed one. */
  enrolSecondFactor(userId: string, secretSealed: string, at: Date): Promise<boolean>;
  confirmSecondFactor(userId: string, at: Date): Promise<void>;
  /** False: this time step or a later one was used before. */
  useCodeStep(userId: string, step: number): Promise<boolean>;
  useRecoveryCode(userId: string, hash: string, at: Date): Promise<boolean>;
  /** In place of those that the user has. */
  setRecoveryCodes(userId: string, hashes: readonly string[]): Promise<void>;
  countRecoveryCodes(userId: string): Promise<number>;
  deleteSecondFactor(userId: string): Promise<void>;
  /** Locks them until the end of the transaction. */
  lockSoleTenants(userId: string): Promise<readonly SoleTenantRow[]>;
  /** False: nobody else operates the platform. */
  closeAccount(userId: string, at: Date): Promise<boolean>;
}
