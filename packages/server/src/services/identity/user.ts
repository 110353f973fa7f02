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

/** The caller, with what they may do: a client shows only what will not be refused. */
export const Me = Type.Object(
  {
    ...User.properties,
    permissions: Type.Array(Type.String(), {
      description: "What the key may do in the active tenant: the role's permissions, within the key's own. *: all",
    }),
  },
  { $id: 'Me' },
);

export const Session = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    current: Type.Boolean({ description: 'Whether this request came with its key' }),
    ip_address: Type.Optional(Type.String({ description: 'Address of the login' })),
    user_agent: Type.Optional(Type.String({ description: 'Client of the login' })),
    created_at: Type.String({ format: 'date-time' }),
    last_used: Type.Optional(Type.String({ format: 'date-time', description: 'At most a few seconds late' })),
    expires_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Session' },
);
export type Session = Static<typeof Session>;

export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly default_tenant_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface SessionRow {
  readonly id: string;
  readonly ip_address: string | null;
  readonly user_agent: string | null;
  readonly created_at: Date;
  readonly last_used: Date | null;
  readonly expires_at: Date;
}

/** `keyId` is the key of the request. */
export const presentSession = (row: SessionRow, keyId: string | undefined): Session => ({
  id: row.id,
  current: row.id === keyId,
  ...(row.ip_address ? { ip_address: row.ip_address } : {}),
  ...(row.user_agent ? { user_agent: row.user_agent } : {}),
  created_at: row.created_at.toISOString(),
  ...(row.last_used ? { last_used: row.last_used.toISOString() } : {}),
  expires_at: row.expires_at.toISOString(),
});

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
