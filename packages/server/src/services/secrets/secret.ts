import Type, { type Static } from 'typebox';
import { kindOf, presentRow, type ResourceRow, type Table } from '../../kernel/resource.ts';
import type { Kind } from '../../kernel/service.ts';

const id = Type.String({ format: 'uuid' });
const time = Type.String({ format: 'date-time' });

/** What everybody sees who may read the secret. Its value is in no answer but that of `secrets.reveal`. */
export const Secret = Type.Object(
  {
    id,
    user_id: id,
    tenant_id: id,
    name: Type.String(),
    status: Type.String({ description: 'ACTIVE or DELETING' }),
    description: Type.Optional(Type.String()),
    labels: Type.Record(Type.String(), Type.String()),
    deletes_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'Of one that is being deleted: when it is gone for good' }),
    ),
    last_accessed_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'When its value was last read, to the hour' }),
    ),
    rotation_days: Type.Optional(Type.Integer({ description: 'Days between two rotations' })),
    rotation_length: Type.Optional(Type.Integer({ description: 'Characters of the password that a rotation makes' })),
    rotates_at: Type.Optional(Type.String({ format: 'date-time', description: 'When it is rotated next' })),
    rotated_at: Type.Optional(Type.String({ format: 'date-time', description: 'When it was last rotated' })),
    version: Type.Integer(),
    created_at: time,
    updated_at: time,
  },
  { $id: 'Secret' },
);
export type Secret = Static<typeof Secret>;

export interface SecretRow extends ResourceRow {
  readonly user_id: string;
  readonly description: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly deletes_at: Date | null;
  readonly last_accessed_at: Date | null;
  readonly rotation_days: number | null;
  readonly rotation_length: number | null;
  readonly rotates_at: Date | null;
  readonly rotated_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const SECRETS: Table<SecretRow> = {
  name: 'secrets',
  hasIdTail: true,
  columns:
    'id, user_id, tenant_id, name, description, labels, deletes_at, last_accessed_at, rotation_days, rotation_length, rotates_at, rotated_at, version, deleted_at, created_at, updated_at',
};

export const presentSecret = (row: SecretRow): Secret => ({
  ...(presentRow(row, [
    'id',
    'user_id',
    'tenant_id',
    'name',
    'description',
    'labels',
    'deletes_at',
    'last_accessed_at',
    'rotation_days',
    'rotation_length',
    'rotates_at',
    'rotated_at',
    'version',
    'created_at',
    'updated_at',
  ]) as Secret),
  status: row.deletes_at || row.deleted_at ? 'DELETING' : 'ACTIVE',
});

/** Until it is gone for good, one that is being deleted keeps its name and can be restored. */
export const secretKind: Kind<SecretRow> = {
  ...kindOf(SECRETS, {
    noun: 'secret',
    present: presentSecret,
    detail: (row) => (row.description ?? '').slice(0, 60),
  }),
  isDeleting: (row) => row.deletes_at !== null,
  restoredBy: 'secrets.restore',
};

/** Letters and digits of a password that a rotation makes. */
export const DEFAULT_ROTATION_LENGTH = 32;

/** AWS's limits, where it has any. */
export const LIMITS = {
  /** Bytes: 64 KiB. */
  value: 65_536,
  /** As in the column; AWS has 512. */
  name: 255,
  description: 2_048,
  labels: 50,
  /** Of one secret. A new one takes the place of the oldest without a stage. */
  versions: 100,
  stagesOfVersion: 20,
  /** Days in which a deletion can be taken back. */
  recovery: { min: 7, max: 30 },
  password: { min: 1, max: 4_096 },
} as const;
