import type { UserRow } from './user.ts';

export interface NewUser {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly name: string;
  readonly tenantId: string;
  readonly tenantName: string;
  readonly tenantSlug: string;
  readonly accountNumber: string;
  readonly at: Date;
}

export interface LoginRow extends UserRow {
  /** How the password is hashed: bcrypt's version, cost and salt. The hash itself stays in the database. */
  readonly password_salt: string;
  readonly closed_at: Date | null;
  /** Why the operator has suspended the user; null: not suspended. */
  readonly suspension: string | null;
}

export type RegisterOutcome = 'created' | 'closed' | 'email_taken' | 'slug_taken' | 'account_taken';

/** The questions identity asks of the database. */
export interface IdentityRepository {
  register(user: NewUser): Promise<RegisterOutcome>;
  findUser(id: string): Promise<UserRow | undefined>;
  /** Of a tenant, as it stands in ARNs. */
  accountNumber(tenantId: string): Promise<string | undefined>;
  findLogin(email: string): Promise<LoginRow | undefined>;
  /** Ends the user's session whose key has this hash. Answers its id; undefined: the user has no such session. */
  endSession(userId: string, key: string, at: Date): Promise<string | undefined>;
}
