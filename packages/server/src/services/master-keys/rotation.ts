import Type, { type Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';

export const MasterKeyRotation = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    status: Type.String({ description: 'WAITING, RESEALING, DONE or FAILED' }),
    key_version: Type.Optional(Type.Integer({ description: 'Of the new key' })),
    resealed: Type.Integer({ description: 'Values that are sealed under the new key so far' }),
    reason: Type.Optional(Type.String({ description: 'Why it failed' })),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
    ended_at: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { $id: 'MasterKeyRotation' },
);

export interface RotationRow {
  readonly id: string;
  readonly status: 'WAITING' | 'RESEALING' | 'DONE' | 'FAILED';
  readonly key_version: number | null;
  readonly at_place: number;
  readonly at_row: string;
  readonly resealed: number;
  readonly reason: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly ended_at: Date | null;
}

export const presentRotation = (row: RotationRow) =>
  presentRow(row, [
    'id',
    'status',
    'key_version',
    'resealed',
    'reason',
    'created_at',
    'updated_at',
    'ended_at',
  ]) as Static<typeof MasterKeyRotation>;

/** A value that is sealed under an older key, where it is, and for whom and what it was sealed. */
export interface SealedRow {
  readonly row_at: string;
  readonly scope: string;
  readonly purpose: string;
  readonly sealed: string;
}

/** Where the worker is: a column, and a place in its table. */
export interface Place {
  readonly at_place: number;
  readonly at_row: string;
}
export const BEGINNING: Place = { at_place: 1, at_row: '(0,0)' };
