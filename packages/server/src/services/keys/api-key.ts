import Type, { type Static } from 'typebox';
import type { KeyLimits } from '../../kernel/caller.ts';

export const ApiKey = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    user_id: Type.String({ format: 'uuid' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid', description: 'Tenant in which the key acts' })),
    name: Type.String(),
    kind: Type.Union([Type.Literal('api'), Type.Literal('session')], {
      description: 'session: expires; made by a login, or from the key parent_id',
    }),
    parent_id: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'The key that this temporary key was made from: it has its limits and ends with it',
      }),
    ),
    made_with: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'The key with which this one was made, and which takes it along when it is revoked',
      }),
    ),
    all_tenants: Type.Boolean({
      description: 'Whether the key acts in all tenants of its user; otherwise in its own tenant alone',
    }),
    prefix: Type.Optional(Type.String({ description: 'First characters of the key' })),
    permissions: Type.Optional(
      Type.Array(Type.String(), { description: "If set, the key has only these of its user's permissions" }),
    ),
    cidrs: Type.Optional(
      Type.Array(Type.String(), { description: 'If set, the key works only from addresses in these networks' }),
    ),
    key: Type.Optional(Type.String({ description: 'The key itself, shown only when it is created' })),
    aws_access_key_id: Type.Optional(Type.String()),
    aws_secret_access_key: Type.Optional(Type.String({ description: 'Shown only when the key is created' })),
    aws_session_token: Type.Optional(
      Type.String({ description: 'Of a temporary key; AWS clients send it too. Shown only when the key is created' }),
    ),
    created_at: Type.String({ format: 'date-time' }),
    last_used: Type.Optional(Type.String({ format: 'date-time' })),
    expires_at: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { $id: 'ApiKey' },
);
export type ApiKey = Static<typeof ApiKey>;

export interface ApiKeyRow extends KeyLimits {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string | null;
  readonly name: string | null;
  /** `temporary`: made from another key. */
  readonly kind: 'api' | 'session' | 'temporary';
  readonly parent_id: string | null;
  /** The key with which its user made it; null for one that was made with a key that has gone, or before this was noted. */
  readonly made_with: string | null;
  /** False of a session too, which acts in all tenants nevertheless. */
  readonly all_tenants: boolean;
  readonly prefix: string | null;
  readonly aws_access_key_id: string | null;
  readonly created_at: Date;
  readonly last_used: Date | null;
}

export interface FoundKeyRow extends ApiKeyRow {
  /** Number of other keys of the user in the tenant that the reference fits. */
  readonly namesakes: number;
}

export const presentKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  user_id: row.user_id,
  ...(row.tenant_id ? { tenant_id: row.tenant_id } : {}),
  name: row.name ?? '',
  kind: row.kind === 'api' ? 'api' : 'session',
  ...(row.parent_id ? { parent_id: row.parent_id } : {}),
  ...(row.made_with ? { made_with: row.made_with } : {}),
  all_tenants: row.kind === 'session' || (row.all_tenants && row.permissions === null),
  ...(row.prefix ? { prefix: row.prefix } : {}),
  ...(row.permissions ? { permissions: [...row.permissions] } : {}),
  ...(row.cidrs ? { cidrs: [...row.cidrs] } : {}),
  ...(row.aws_access_key_id ? { aws_access_key_id: row.aws_access_key_id } : {}),
  created_at: row.created_at.toISOString(),
  ...(row.last_used ? { last_used: row.last_used.toISOString() } : {}),
  ...(row.expires_at ? { expires_at: row.expires_at.toISOString() } : {}),
});
