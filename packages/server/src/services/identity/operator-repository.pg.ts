import type { Sql } from '../../kernel/sql/tx.ts';

/** What the operator does to a user's account; its statements run as cloud_operator. */
export const createPgOperatorRepository = (sql: Sql) => ({
  /** False: there is no such user. */
  async issueReset(userId: string, id: string, tokenHash: string, at: Date): Promise<boolean> {
    const [row] = await sql.query<{ issued: boolean }>(
      'identity.issue_reset',
      'select issue_password_reset_by_key($1, $2, $3, $4) as issued',
      [userId, id, tokenHash, at],
    );
    return row!.issued;
  },

  /** The user may guess again at once, from anywhere. */
  async clearGuesses(userId: string): Promise<void> {
    await sql.query('identity.clear_guesses', 'select clear_guesses_by_key($1)', [userId]);
  },

  /** False: the user had no second factor. */
  async removeSecondFactor(userId: string): Promise<boolean> {
    const [row] = await sql.query<{ removed: boolean }>(
      'identity.remove_second_factor',
      'select remove_second_factor_by_key($1) as removed',
      [userId],
    );
    return row!.removed;
  },
});
