import Type, { type Static } from 'typebox';

export const Role = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid', description: 'Absent: a built-in role' })),
    name: Type.String(),
    description: Type.String(),
    permissions: Type.Array(Type.String(), { description: '*: all' }),
    built_in: Type.Boolean({ description: 'Built-in roles cannot be changed' }),
    version: Type.Integer(),
    created_at: Type.Optional(Type.String({ format: 'date-time' })),
    updated_at: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { $id: 'Role' },
);
export type Role = Static<typeof Role>;

export interface RoleRow {
  readonly id: string;
  /** Null: built in. */
  readonly tenant_id: string | null;
  readonly name: string;
  readonly description: string | null;
  readonly permissions: readonly string[];
  readonly version: number;
  readonly created_at: Date | null;
  readonly updated_at: Date | null;
}

export const presentRole = (row: RoleRow): Role => ({
  id: row.id,
  ...(row.tenant_id === null ? {} : { tenant_id: row.tenant_id }),
  name: row.name,
  description: row.description ?? '',
  permissions: [...row.permissions],
  built_in: row.tenant_id === null,
  version: row.version,
  ...(row.created_at ? { created_at: row.created_at.toISOString() } : {}),
  ...(row.updated_at ? { updated_at: row.updated_at.toISOString() } : {}),
});

export const Binding = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: "The user's id" }),
    tenant_id: Type.String({ format: 'uuid' }),
    email: Type.String(),
    name: Type.String(),
    role: Type.String(),
    created_at: Type.String({ format: 'date-time', description: 'When the user became a member' }),
  },
  { $id: 'Binding' },
);
