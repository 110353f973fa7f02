import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';

/** What is known of a stored value, without the value. */
export const SecretVersion = Type.Object(
  {
    id: Type.String(),
    number: Type.Integer({ description: 'Counts the versions of the secret: the first one is 1' }),
    stages: Type.Array(Type.String(), {
      description: 'AWSCURRENT, AWSPREVIOUS, AWSPENDING or names of your choice; none: it goes after 30 days',
    }),
    size: Type.Integer({ description: 'Bytes of the value' }),
    encoding: Type.String({ description: 'text or base64' }),
    user_id: Type.String({ format: 'uuid', description: 'Who stored it' }),
    created_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'SecretVersion' },
);
export type SecretVersion = Static<typeof SecretVersion>;

/** A version that was just stored, and of which secret. */
export const StoredVersion = Type.Object(
  { ...SecretVersion.properties, secret_id: Type.String({ format: 'uuid' }), secret_name: Type.String() },
  { $id: 'StoredSecretVersion' },
);
export type StoredVersion = Static<typeof StoredVersion>;

export interface VersionRow {
  readonly id: string;
  readonly number: number;
  readonly stages: readonly string[];
  readonly size: number;
  readonly is_binary: boolean;
  readonly user_id: string;
  readonly created_at: Date;
}

/** With its sealed value, which only what opens it reads. */
export interface SealedVersionRow extends VersionRow {
  readonly sealed: string;
}

export const VERSION_COLUMNS = 'version_id as id, number, stages, size, is_binary, user_id, created_at';

export const encodingOf = (row: Pick<VersionRow, 'is_binary'>): 'text' | 'base64' =>
  row.is_binary ? 'base64' : 'text';

export const presentVersion = (row: VersionRow): SecretVersion => ({
  ...(presentRow(row, ['id', 'number', 'stages', 'size', 'user_id', 'created_at']) as SecretVersion),
  encoding: encodingOf(row),
});

/** The value that everybody gets who asks for none in particular. */
export const CURRENT = 'AWSCURRENT';
/** The one that was current before. */
export const PREVIOUS = 'AWSPREVIOUS';
