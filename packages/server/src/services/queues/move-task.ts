import type { Static } from 'typebox';
import { presentRow } from '../../kernel/resource.ts';
import type { MoveTask } from './operations.ts';

export interface MoveTaskRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly source_queue_id: string;
  /** Null: each message goes to the queue from which it came. */
  readonly destination_queue_id: string | null;
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  readonly moved: number;
  readonly to_move: number;
  readonly max_per_second: number | null;
  readonly failure_reason: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export const MOVE_TASK_COLUMNS = `id, tenant_id, source_queue_id, destination_queue_id, status, moved::float8 as moved, to_move::float8 as to_move,
  max_per_second, failure_reason, version, created_at, updated_at`;

export const presentMoveTask = (row: MoveTaskRow) =>
  presentRow(row, [
    'id',
    'source_queue_id',
    'destination_queue_id',
    'status',
    'moved',
    'to_move',
    'max_per_second',
    'failure_reason',
    'version',
    'created_at',
    'updated_at',
  ]) as Static<typeof MoveTask>;
