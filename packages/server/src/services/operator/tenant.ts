import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';

export const PLANS = ['free', 'pro', 'enterprise'] as const;
export const plan = Type.Enum([...PLANS]);
export const tenantStatus = Type.Enum(['active', 'suspended'], {
  description: 'suspended: every call in it is refused',
});

/** A tenant as operators see it. */
export const OperatedTenant = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    slug: Type.String(),
    owner_id: Type.String({ format: 'uuid' }),
    owner_email: Type.String(),
    plan: Type.String({ description: PLANS.join(', ') }),
    status: Type.String({ description: 'active or suspended' }),
    status_reason: Type.Optional(Type.String({ description: 'Why it is suspended; its members read this' })),
    account_number: Type.String(),
    members: Type.Integer(),
    created_at: Type.String({ format: 'date-time' }),
    closed_at: Type.Optional(Type.String({ format: 'date-time' })),
    usage: Type.Optional(
      Type.Record(Type.String(), Type.Integer(), {
        description: 'Used amount of each quota; in lists only if asked for',
      }),
    ),
  },
  { $id: 'OperatedTenant' },
);
export type OperatedTenant = Static<typeof OperatedTenant>;

export interface OperatedTenantRow {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly owner_id: string;
  readonly owner_email: string;
  readonly plan: string;
  readonly status: string;
  readonly status_reason: string | null;
  readonly account_number: string;
  readonly members: number;
  readonly created_at: Date;
  readonly closed_at: Date | null;
}

export const presentTenant = (row: OperatedTenantRow): OperatedTenant =>
  presentRow(row, [
    'id',
    'name',
    'slug',
    'owner_id',
    'owner_email',
    'plan',
    'status',
    'status_reason',
    'account_number',
    'members',
    'created_at',
    'closed_at',
  ]) as OperatedTenant;
