import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { AuditLog } from './audit-log.ts';
import { pageInput } from '../../kernel/page.ts';
import { filterInput, timeInput } from './filters.ts';

const COLUMNS = ['created_at', 'user_id', 'action', 'resource_id', 'outcome', 'ip_address', 'id'];
const tenantId = Type.Optional(Type.String({ format: 'uuid', description: 'Only the trail of this tenant' }));
const hash = Type.String({ description: 'SHA-256 in hex' });

export const PublicKey = Type.Object(
  {
    version: Type.Integer(),
    public_key: Type.String({ description: 'Ed25519, 32 bytes in base64' }),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'AuditPublicKey' },
);

const Retention = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'The tenant' }),
    days: Type.Integer({ description: 'Days that rows are kept before they are pruned' }),
    minimum: Type.Integer({ description: 'Fewest days that this platform allows' }),
    maximum: Type.Integer({ description: 'Most days that this platform allows' }),
  },
  { $id: 'AuditRetention' },
);

const Checkpoint = Type.Object({
  number: Type.String(),
  from_xid: Type.String(),
  to_xid: Type.String(),
  root: hash,
  previous_hash: hash,
  created_at: Type.String(),
  key_version: Type.Integer(),
});

const InclusionProof = Type.Object(
  {
    row: AuditLog,
    path: Type.Array(Type.String()),
    entry: Type.Object({
      tenant_id: Type.String(),
      number: Type.String(),
      row_count: Type.String(),
      root: hash,
      previous_hash: hash,
    }),
    entry_path: Type.Array(Type.String()),
    checkpoint: Checkpoint,
    signature: Type.String({ description: 'Ed25519, in base64' }),
  },
  { $id: 'AuditProof' },
);

const list = {
  effect: 'list',
  output: AuditLog,
  cli: { columns: COLUMNS },
} as const;

const exportOf = {
  effect: 'read',
  answer: 'stream',
  content: ['application/x-ndjson', 'text/csv'],
  output: Type.String(),
  description:
    'JSON lines hold whole checkpoints with their rows, and verify offline: cloud audit verify FILE. CSV holds the rows alone, for a spreadsheet.',
} as const;

const exportInput = {
  ...timeInput,
  format: Type.Optional(
    Type.Enum(['jsonl', 'csv'], { default: 'jsonl', description: 'Default jsonl, which cloud audit verify can check' }),
  ),
};

const byId = Type.Object({ id: Type.String({ format: 'uuid' }) }, { additionalProperties: false });

/** The trail of a tenant. */
export const auditOperations = {
  list: operation({
    ...list,
    summary: 'List the audit trail',
    description: 'Lists who did what in the tenant, newest first, with refused attempts.',
    http: { method: 'GET', path: '/audit' },
    input: Type.Object(filterInput, { additionalProperties: false }),
    references: { actor: 'member', key_id: 'member_key' },
  }),
  get: operation({
    summary: 'Get a row of the audit trail',
    effect: 'read',
    http: { method: 'GET', path: '/audit/:id' },
    input: byId,
    output: AuditLog,
    errors: ['NOT_FOUND'],
    cli: { args: ['id'] },
  }),
  export: operation({
    ...exportOf,
    summary: 'Export the audit trail',
    http: { method: 'GET', path: '/audit/export' },
    input: Type.Object(exportInput, { additionalProperties: false }),
    console: 'custom',
  }),
  prove: operation({
    summary: 'Prove that a row is in the audit trail',
    description:
      'Returns what shows, with the public key alone, that the row was in the trail when its checkpoint was signed. A row is covered within about a minute.',
    effect: 'read',
    http: { method: 'GET', path: '/audit/:id/proof' },
    input: byId,
    output: InclusionProof,
    errors: ['NOT_FOUND', 'AUDIT_NOT_COVERED'],
    cli: { custom: true, args: ['id'] },
    console: 'custom',
  }),
  publicKey: operation({
    summary: 'Show the public keys of the audit trail',
    description: 'Lists the keys that sign checkpoints, newest first. Note them where the platform cannot change them.',
    effect: 'list',
    scope: 'public',
    http: { method: 'GET', path: '/audit/public-key' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: PublicKey,
    cli: { columns: ['version', 'public_key', 'created_at'] },
    console: 'custom',
  }),
  retention: operation({
    summary: 'Show how long the audit trail is kept',
    effect: 'read',
    http: { method: 'GET', path: '/audit/retention' },
    input: Type.Object({}, { additionalProperties: false }),
    output: Retention,
    console: 'custom',
  }),
  setRetention: operation({
    summary: 'Change how long the audit trail is kept',
    description: 'Rows are pruned after this time, once they are in an archive of the operator.',
    effect: 'update',
    http: { method: 'PUT', path: '/audit/retention' },
    input: Type.Object(
      { days: Type.Integer({ minimum: 1, maximum: 36_500, description: 'Days to keep rows' }) },
      { additionalProperties: false },
    ),
    output: Retention,
    cli: { args: ['days'] },
    console: 'custom',
  }),
};

/** The trail of all tenants, for the operator. */
export const adminAuditOperations = {
  list: operation({
    ...list,
    summary: 'List the audit trail of all tenants',
    description: 'Newest first. Filters by action and resource need a tenant.',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/audit' },
    input: Type.Object({ ...filterInput, tenant_id: tenantId }, { additionalProperties: false }),
    references: { actor: 'operated_user', tenant_id: 'operated_tenant' },
    cli: { columns: ['created_at', 'tenant_id', ...COLUMNS.slice(1)] },
  }),
  export: operation({
    ...exportOf,
    summary: 'Export the audit trail of all tenants',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/audit/export' },
    input: Type.Object(exportInput, { additionalProperties: false }),
    console: 'custom',
  }),
};
