import type { OutputOf } from '../../../kernel/operation.ts';
import type { messageOperations } from '../message-operations.ts';
import { LIMITS } from '../queue.ts';
import { failedEntry, type SqsCode, withCode } from './errors.ts';

export type Done = OutputOf<typeof messageOperations.deleteMessages>;

const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** SQS's code for what is wrong with a batch, beside its entries' other members. */
function codeFor(entries: readonly { readonly Id: string }[]): SqsCode | undefined {
  if (entries.length === 0) return 'EmptyBatchRequest';
  if (entries.length > LIMITS.batch) return 'TooManyEntriesInBatchRequest';
  if (!entries.every(({ Id }) => ENTRY_ID.test(Id))) return 'InvalidBatchEntryId';
  return undefined;
}

/** A batch's answer. If what is wrong with it is the list or the ids, SQS's code says so. */
export async function inBatchCodes<Answer>(
  entries: readonly { readonly Id: string }[],
  call: Promise<Answer>,
): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    throw withCode(error, { INVALID_INPUT: codeFor(entries) });
  }
}

/** A list of an answer: SQS leaves empty ones out, and clients take one that is there for a failure. */
const orNone = <T>(list: T[]): T[] => (list.length > 0 ? list : (undefined as never));

/** The answer of a batch. */
export const batchAnswer = <Entry, Shown>(
  { successful, failed }: { readonly successful: readonly Entry[]; readonly failed: Done['failed'] },
  show: (entry: Entry) => Shown,
): { Successful: Shown[]; Failed: ReturnType<typeof failedEntry>[] } => ({
  Successful: orNone(successful.map(show)),
  Failed: orNone(failed.map(failedEntry)),
});

export const showDone = ({ id }: Done['successful'][number]): { Id: string } => ({ Id: id });
