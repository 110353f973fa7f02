import Type, { type Static } from 'typebox';

export const User = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Type.String(),
    name: Type.String(),
    role: Type.String({ description: 'Role on the platform; admin is the operator' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid', description: 'The active tenant' })),
    default_tenant_id: Type.Optional(Type.String({ format: 'uuid' })),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'User' },
);
export type User = Static<typeof User>;

export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly default_tenant_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const presentUser = (row: UserRow, tenantId?: string): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  role: row.role,
  ...(tenantId ? { tenant_id: tenantId } : {}),
  ...(row.default_tenant_id ? { default_tenant_id: row.default_tenant_id } : {}),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});
