import type { LiveEvent } from '../api/streams.ts';
import { titleOf } from '../kit/titles.ts';

/** `INSTANCE_LAUNCH` → `Instance launch`; `vpc.create` → `Vpc create`. */
export const wordsOf = (action: string): string => titleOf(action.toLowerCase().replaceAll('.', '_'));

/** One member that an event changed, as texts. */
export interface Change {
  readonly title: string;
  readonly from: string;
  readonly to: string;
}

const textOf = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** What an event changed, from and to. */
export const changesOf = ({ changes = {} }: Pick<LiveEvent, 'changes'>): readonly Change[] =>
  Object.entries(changes).map(([member, { from, to }]) => ({
    title: titleOf(member),
    from: textOf(from),
    to: textOf(to),
  }));

/** What an event's resource is called, as far as the event says. */
export function nameIn({ changes, metadata }: Pick<LiveEvent, 'changes' | 'metadata'>): string | undefined {
  const found = [changes?.name?.to, changes?.name?.from, metadata?.name, metadata?.email].find(
    (one) => typeof one === 'string' && one !== '',
  );
  return found as string | undefined;
}
