import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';
import { searchList } from '../../kernel/search.ts';
import type { Kind } from '../../kernel/service.ts';
import { createPgMemberRepository, type MemberRow } from '../identity/index.ts';

export const Member = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: "The user's id" }),
    email: Type.String(),
    name: Type.String(),
    role: Type.String(),
    joined_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Member' },
);

export const presentMember = (row: MemberRow) =>
  presentRow(row, ['id', 'email', 'name', 'role', 'joined_at']) as Static<typeof Member>;

/** A member of the active tenant, by the user's id or e-mail address. */
export const memberKind: Kind<MemberRow> = {
  noun: 'member',
  async find(sql, { tenantId, ref, lock }) {
    const repository = createPgMemberRepository(sql);
    // Who changes a member holds the tenant first, as who adds one does: the number of owners stays as it is read.
    if (lock) await repository.lockTenant(tenantId);
    return repository.find(tenantId, ref);
  },
  id: (row) => row.id,
  name: (row) => row.email,
  present: presentMember,
  search: searchList(
    { id: (row: MemberRow) => row.id },
    (sql, { tenantId }, page) => createPgMemberRepository(sql).list(tenantId, page),
    ({ email, name }) => [email, name],
  ),
  detail: ({ name, role }) => `${name}, ${role}`,
};
