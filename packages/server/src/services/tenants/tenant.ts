import Type, { type Static } from 'typebox';
import { CURRENT_TENANT } from '../../kernel/operation.ts';
import { presentRow } from '../../kernel/resource.ts';
import type { Kind } from '../../kernel/service.ts';
import { createPgTenantRepository } from './tenant-repository.pg.ts';

export const Tenant = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    slug: Type.String({ description: 'Unique on the platform; stands for the id in paths and commands' }),
    owner_id: Type.String({ format: 'uuid', description: 'One of the owners: the first, or who followed' }),
    plan: Type.String(),
    status: Type.String({ description: 'active, or suspended by the operator of the platform' }),
    status_reason: Type.Optional(Type.String()),
    require_second_factor: Type.Boolean({ description: 'Members need a second factor to act in the tenant' }),
    role: Type.String({ description: 'Your role in the tenant' }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Tenant' },
);

export interface TenantRow {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly owner_id: string;
  readonly plan: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly require_second_factor: boolean;
  /** The caller's. */
  readonly role: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const MEMBERS = [
  'id',
  'name',
  'slug',
  'owner_id',
  'plan',
  'status',
  'status_reason',
  'require_second_factor',
  'role',
  'created_at',
  'updated_at',
] as const;

export const presentTenant = (row: TenantRow) => presentRow(row, MEMBERS) as Static<typeof Tenant>;

/** The active tenant, by whatever names it. Another one is not there: an operation acts in one tenant. */
export const tenantKind: Kind<TenantRow> = {
  noun: 'tenant',
  async find(sql, { tenantId, userId, ref, lock }) {
    if (tenantId === '') return undefined;
    const row = await createPgTenantRepository(sql).find(tenantId, userId, lock);
    return row && [row.id, row.slug, CURRENT_TENANT].includes(ref.toLowerCase()) ? row : undefined;
  },
  id: (row) => row.id,
  name: (row) => row.name,
  present: presentTenant,
  list: (sql, { userId }, page) => createPgTenantRepository(sql).list(userId, page),
};
