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

export const ApiKey = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    user_id: Type.String({ format: 'uuid' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid', description: 'Tenant in which the key acts' })),
    name: Type.String(),
    kind: Type.Union([Type.Literal('api'), Type.Literal('session')], {
      description: 'session: created by a login, expires',
    }),
    prefix: Type.Optional(Type.String({ description: 'First characters of the key' })),
    key: Type.Optional(Type.String({ description: 'The key itself, shown only when it is created' })),
    aws_access_key_id: Type.Optional(Type.String()),
    aws_secret_access_key: Type.Optional(Type.String({ description: 'Shown only when the key is created' })),
    created_at: Type.String({ format: 'date-time' }),
    last_used: Type.Optional(Type.String({ format: 'date-time' })),
    expires_at: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { $id: 'ApiKey' },
);
export type ApiKey = Static<typeof ApiKey>;

export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly default_tenant_id: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface ApiKeyRow {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string | null;
  readonly name: string | null;
  readonly kind: 'api' | 'session';
  readonly prefix: string | null;
  readonly aws_access_key_id: string | null;
  readonly created_at: Date;
  readonly last_used: Date | null;
  readonly expires_at: Date | null;
}

export interface FoundKeyRow extends ApiKeyRow {
  /** How many others of the user's in the tenant were meant as well. */
  readonly namesakes: number;
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

export const presentKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  user_id: row.user_id,
  ...(row.tenant_id ? { tenant_id: row.tenant_id } : {}),
  name: row.name ?? '',
  kind: row.kind,
  ...(row.prefix ? { prefix: row.prefix } : {}),
  ...(row.aws_access_key_id ? { aws_access_key_id: row.aws_access_key_id } : {}),
  created_at: row.created_at.toISOString(),
  ...(row.last_used ? { last_used: row.last_used.toISOString() } : {}),
  ...(row.expires_at ? { expires_at: row.expires_at.toISOString() } : {}),
});
