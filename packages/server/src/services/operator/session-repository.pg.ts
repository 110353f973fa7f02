import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';

export interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly email: string;
  readonly tenant_id: string | null;
  readonly created_at: Date;
  readonly last_used: Date | null;
  readonly expires_at: Date;
}

interface EndedSession {
  readonly id: string;
  readonly user_id: string;
}

/** Sessions of all users. The operator's role reads no keys: functions of the owner show what is no secret (migration 024). */
export const createPgSessions = (sql: Sql) => ({
  list: (userId: string | null, page: PageRequest, at: Date): Promise<readonly SessionRow[]> =>
    sql.query<SessionRow>(
      'operator.list_sessions',
      `select id, user_id, email, tenant_id, created_at, last_used, expires_at from operator_sessions($1, $2, $3, $4)`,
      [userId, page.after ?? LAST_ID, page.limit + 1, at],
    ),

  async end(id: string, at: Date): Promise<EndedSession | undefined> {
    const [row] = await sql.query<EndedSession>(
      'operator.end_session',
      'select id, user_id from operator_end_sessions($1, null, $2)',
      [id, at],
    );
    return row;
  },

  endOfUser: (userId: string, at: Date): Promise<readonly EndedSession[]> =>
    sql.query<EndedSession>('operator.end_sessions_of', 'select id, user_id from operator_end_sessions(null, $1, $2)', [
      userId,
      at,
    ]),
});
