import { invalidInput } from '../../../kernel/errors.ts';

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Labels from tags. Throws INVALID_INPUT for a key that occurs twice. */
export function labelsIn(tags: readonly Tag[]): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const { Key: key = '', Value: value = '' } of tags) {
    if (Object.hasOwn(labels, key))
      throw invalidInput(`Tags: the key '${key.slice(0, 60)}' occurs twice; name it once`);
    labels[key] = value;
  }
  return labels;
}

export const tagsOf = (labels: Readonly<Record<string, string>>): { Key: string; Value: string }[] =>
  Object.entries(labels).map(([Key, Value]) => ({ Key, Value }));
