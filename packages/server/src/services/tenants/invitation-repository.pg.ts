import { isUuid } from '../../kernel/ids.ts';
import { LAST_ID, type PageRequest } from '../../kernel/page.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { InvitationRow, MyInvitationRow } from './invitation.ts';

const COLUMNS = 'id, tenant_id, email, role, invited_by, created_at, sent_at, expires_at';

export interface NewInvitation {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string;
  readonly role: string;
  readonly tokenHash: string;
  readonly invitedBy: string;
  readonly at: Date;
  readonly expiresAt: Date;
}

/** What came of an answer to an invitation, as the function answer_invitation has it. */
export interface AnswerRow {
  readonly outcome:
    | 'accepted'
    | 'declined'
    | 'missing'
    | 'token_needed'
    | 'expired'
    | 'member'
    | 'role_gone'
    | 'inviter_cannot'
    | 'full'
    | 'suspended';
  readonly tenant_id: string;
  readonly tenant_name: string;
  readonly role: string;
  readonly invited_by: string;
}

/** Outstanding invitations. An address is stored in small letters. */
export const createPgInvitationRepository = (sql: Sql) => ({
  async find(tenantId: string, ref: string, lock: boolean): Promise<InvitationRow | undefined> {
    const byId = isUuid(ref);
    const [row] = await sql.query<InvitationRow>(
      `invitations.find_by_${byId ? 'id' : 'email'}${lock ? '_locked' : ''}`,
      `select ${COLUMNS} from invitations where tenant_id = $1 and ${byId ? 'id' : 'email'} = $2${lock ? ' for no key update' : ''}`,
      [tenantId, byId ? ref : ref.toLowerCase()],
    );
    return row;
  },

  list(tenantId: string, page: PageRequest): Promise<readonly InvitationRow[]> {
    return sql.query<InvitationRow>(
      'invitations.list',
      `select ${COLUMNS} from invitations where tenant_id = $1 and id < $2 order by id desc limit $3`,
      [tenantId, page.after ?? LAST_ID, page.limit + 1],
    );
  },

  async count(tenantId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'invitations.count',
      'select count(*)::int as count from invitations where tenant_id = $1',
      [tenantId],
    );
    return row!.count;
  },

  /** Undefined: the address has one already. */
  async insert(invitation: NewInvitation): Promise<InvitationRow | undefined> {
    const [row] = await sql.query<InvitationRow>(
      'invitations.insert',
      `insert into invitations (id, tenant_id, email, role, token_hash, invited_by, created_at, sent_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $7, $8) on conflict (tenant_id, email) do nothing returning ${COLUMNS}`,
      [
        invitation.id,
        invitation.tenantId,
        invitation.email,
        invitation.role,
        invitation.tokenHash,
        invitation.invitedBy,
        invitation.at,
        invitation.expiresAt,
      ],
    );
    return row;
  },

  /** A new token; the one before is void. */
  async renew(id: string, tokenHash: string, by: string, at: Date, expiresAt: Date): Promise<InvitationRow> {
    const [row] = await sql.query<InvitationRow>(
      'invitations.renew',
      `update invitations set token_hash = $2, invited_by = $3, sent_at = $4, expires_at = $5 where id = $1 returning ${COLUMNS}`,
      [id, tokenHash, by, at, expiresAt],
    );
    return row!;
  },

  async remove(id: string): Promise<void> {
    await sql.query('invitations.remove', 'delete from invitations where id = $1', [id]);
  },

  /** Of a person who has become a member another way. */
  async removeFor(tenantId: string, email: string): Promise<void> {
    await sql.query('invitations.remove_for', 'delete from invitations where tenant_id = $1 and email = $2', [
      tenantId,
      email.toLowerCase(),
    ]);
  },

  async removeAll(tenantId: string): Promise<void> {
    await sql.query('invitations.remove_all', 'delete from invitations where tenant_id = $1', [tenantId]);
  },

  /** Those of the transaction's user that need no token. */
  mine(page: PageRequest, at: Date): Promise<readonly MyInvitationRow[]> {
    return sql.query<MyInvitationRow>(
      'invitations.mine',
      'select id, tenant_id, tenant_name, role, invited_by, created_at, expires_at from my_invitations($1, $2, $3)',
      [page.after ?? LAST_ID, page.limit + 1, at],
    );
  },

  /** Accepts or declines for the transaction's user; the rest of the transaction acts in the tenant, unless it is `missing` or `token_needed`. */
  async answer(
    id: string,
    tokenHash: string | null,
    accepts: boolean,
    mostMembers: number,
    at: Date,
  ): Promise<AnswerRow> {
    const [row] = await sql.query<AnswerRow>(
      'invitations.answer',
      'select outcome, tenant_id, tenant_name, role, invited_by from answer_invitation($1, $2, $3, $4, $5)',
      [id, tokenHash, accepts, mostMembers, at],
    );
    return row!;
  },
});
