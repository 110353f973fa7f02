import { useNavigate, useSearch } from '@tanstack/react-router';

/** The part of a page that its address names, and how to go to another. The first has the name ''. */
export function useTab(): readonly [tab: string, open: (tab: string) => void] {
  const navigate = useNavigate();
  const { tab } = useSearch({ strict: false });
  return [
    typeof tab === 'string' ? tab : '',
    (next) => void navigate({ to: '.', search: next === '' ? {} : { tab: next }, replace: true }),
  ];
}

/** A word of the page's address: `x` of `?name=x`. */
export function useSearchWord(name: string): string | undefined {
  const value = (useSearch({ strict: false }) as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}
