import { invalidInput } from '../../../kernel/errors.ts';

interface Filter {
  readonly Key?: string | undefined;
  readonly Values?: readonly string[] | undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  name: 'name',
  description: 'description',
  'tag-key': 'label_key',
  'tag-value': 'label_value',
  all: 'all',
};

/** Filters of our list from those of Secrets Manager. Throws INVALID_INPUT for one that it does not have. */
export function filtersIn(filters: readonly Filter[] = []): { readonly filter?: readonly string[] } {
  const filter = filters.flatMap(({ Key: key = '', Values: values = [] }) => {
    const kind = Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
    if (kind === undefined)
      throw invalidInput(`Filters: '${key.slice(0, 60)}' is not one of ${Object.keys(KINDS).join(', ')}`);
    return values.map((value) => `${kind}:${value}`);
  });
  return filter.length === 0 ? {} : { filter };
}
