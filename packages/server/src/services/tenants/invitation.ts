import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';
import { searchList } from '../../kernel/search.ts';
import type { Kind } from '../../kernel/service.ts';
import { createPgInvitationRepository } from './invitation-repository.pg.ts';

export const Invitation = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    tenant_id: Type.String({ format: 'uuid' }),
    email: Type.String(),
    role: Type.String(),
    invited_by: Type.String({ format: 'uuid', description: 'Id of the user who sent the last mail' }),
    created_at: Type.String({ format: 'date-time' }),
    sent_at: Type.String({ format: 'date-time' }),
    expires_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Invitation' },
);

export interface InvitationRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly role: string;
  readonly invited_by: string;
  readonly created_at: Date;
  readonly sent_at: Date;
  readonly expires_at: Date;
}

export const presentInvitation = (row: InvitationRow) =>
  presentRow(row, ['id', 'tenant_id', 'email', 'role', 'invited_by', 'created_at', 'sent_at', 'expires_at']) as Static<
    typeof Invitation
  >;

/** An outstanding invitation of the active tenant, by id or by the invited address. */
export const invitationKind: Kind<InvitationRow> = {
  noun: 'invitation',
  find: (sql, { tenantId, ref, lock }) => createPgInvitationRepository(sql).find(tenantId, ref, lock),
  id: (row) => row.id,
  name: (row) => row.email,
  present: presentInvitation,
  search: searchList(
    { id: (row: InvitationRow) => row.id },
    (sql, { tenantId }, page) => createPgInvitationRepository(sql).list(tenantId, page),
    ({ email }) => [email],
  ),
  detail: ({ role }) => role,
};

/** What the invited person sees. */
export const MyInvitation = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    tenant_id: Type.String({ format: 'uuid' }),
    tenant_name: Type.String(),
    role: Type.String({ description: 'Role that you would have' }),
    invited_by: Type.String({ description: 'E-mail address of the user who sent the last mail' }),
    created_at: Type.String({ format: 'date-time' }),
    expires_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'MyInvitation' },
);

export interface MyInvitationRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly tenant_name: string;
  readonly role: string;
  readonly invited_by: string;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export const presentMyInvitation = (row: MyInvitationRow) =>
  presentRow(row, ['id', 'tenant_id', 'tenant_name', 'role', 'invited_by', 'created_at', 'expires_at']) as Static<
    typeof MyInvitation
  >;
