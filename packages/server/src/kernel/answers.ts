import type { Caller } from './caller.ts';
import type { Executed } from './execute.ts';
import type { Entry } from './registry.ts';

// What a call of the control plane answers.

type Shown = Pick<Executed, 'output' | 'id' | 'version' | 'isDeleting'>;

/** An answer that was given before. */
export const replay = (entry: Entry, shown: Shown): Executed => ({ operation: entry, ...shown, replayed: true });

/** A row as the wire shows it. */
export function presentedAs(kind: NonNullable<Entry['answeredKind']>, row: unknown, caller: Caller): Shown {
  const version = kind.version?.(row);
  return {
    output: kind.present(row, caller),
    id: kind.id(row),
    ...(version === undefined ? {} : { version }),
    ...(kind.isDeleting?.(row) ? { isDeleting: true } : {}),
  };
}

/** What a handler answered, as the wire shows it. */
export function presented(entry: Entry, answered: unknown, caller: Caller): Shown {
  const kind = entry.answeredKind;
  if (!kind) return { output: answered };
  if (entry.descriptor.effect !== 'list') return presentedAs(kind, answered, caller);
  const page = answered as { readonly items: readonly unknown[] };
  return { output: { ...page, items: page.items.map((row) => kind.present(row, caller)) } };
}

/** The answer of a deletion that says what is being deleted, or nothing where the operation answers nothing. */
export const deletionOf = (entry: Entry, name: string): Shown => ({
  output:
    entry.status === 204
      ? {}
      : {
          message: `${entry.targetKind?.noun ?? 'it'} '${name}' is ${entry.targetKind?.isDeleting ? 'being deleted' : 'deleted'}`,
        },
});
