import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';

const STATUSES = ['active', 'locked', 'suspended', 'closed'] as const;
export type UserStatus = (typeof STATUSES)[number];
export const userStatus = Type.Enum([...STATUSES], {
  description: 'active; locked: after too many wrong passwords; suspended: by an operator; closed: the account is gone',
});

/** A user as operators see them: nothing that lets anybody act as the user. */
export const OperatedUser = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Type.String(),
    name: Type.String(),
    role: Type.String({ description: 'Role on the platform; admin is an operator' }),
    status: userStatus,
    locked_until: Type.Optional(Type.String({ format: 'date-time' })),
    suspended_at: Type.Optional(Type.String({ format: 'date-time' })),
    suspended_reason: Type.Optional(Type.String({ description: 'What the user is told' })),
    created_at: Type.String({ format: 'date-time' }),
    tenants: Type.Optional(
      Type.Array(Type.Object({ tenant_id: Type.String({ format: 'uuid' }), role: Type.String() }), {
        description: 'Memberships, the first 100; not in lists',
      }),
    ),
  },
  { $id: 'OperatedUser' },
);
export type OperatedUser = Static<typeof OperatedUser>;

export interface OperatedUserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly status: UserStatus;
  readonly locked_until: Date | null;
  readonly suspended_at: Date | null;
  readonly suspended_reason: string | null;
  readonly created_at: Date;
}

export const presentUser = (row: OperatedUserRow): OperatedUser =>
  presentRow(row, [
    'id',
    'email',
    'name',
    'role',
    'status',
    ...(row.status === 'locked' ? (['locked_until'] as const) : []),
    'suspended_at',
    'suspended_reason',
    'created_at',
  ]) as OperatedUser;
