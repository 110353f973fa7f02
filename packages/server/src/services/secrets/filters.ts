import type { SecretRow } from './secret.ts';

/** Whether a text begins what a filter looks at. */
type Test = (row: SecretRow, text: string) => boolean;

const words = (text: string): readonly string[] => text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
const hasWord = (text: string, beginning: string): boolean =>
  text.toLowerCase().startsWith(beginning.toLowerCase()) ||
  words(text).some((word) => word.startsWith(beginning.toLowerCase()));

const TESTS: Readonly<Record<string, Test>> = {
  name: (row, text) => row.name.startsWith(text),
  description: (row, text) => hasWord(row.description ?? '', text),
  label_key: (row, text) => Object.keys(row.labels).some((key) => key.startsWith(text)),
  label_value: (row, text) => Object.values(row.labels).some((value) => value.startsWith(text)),
  all: (row, text) =>
    [row.name, row.description ?? '', ...Object.entries(row.labels).flat()].some((one) => hasWord(one, text)),
};

/** A test of rows by filters such as `name:prod/` and `label_key:!team`. Those of one kind are alternatives; those of different kinds hold together. */
export function filterOf(filters: readonly string[]): (row: SecretRow) => boolean {
  const kinds = new Map<string, string[]>();
  for (const filter of filters) {
    const end = filter.indexOf(':');
    const kind = filter.slice(0, end);
    kinds.set(kind, [...(kinds.get(kind) ?? []), filter.slice(end + 1)]);
  }
  return (row) =>
    [...kinds].every(([kind, texts]) =>
      texts.some((text) => (text.startsWith('!') ? !TESTS[kind]!(row, text.slice(1)) : TESTS[kind]!(row, text))),
    );
}
