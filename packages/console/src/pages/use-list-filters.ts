import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Input } from '../api/queries.ts';
import { type DescribedService, operationOf, services } from '../api/registry.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { useTyped } from './filter-bar.tsx';
import { type Filter, filledFilters, filtersOf } from './filters.ts';

/** Members of an address that are no filters of the API. */
const OURS = new Set(['q', 'sort', 'tab']);

/** Filters that are chosen though the API takes any text: from the kinds of resources that there are, or from the resources of a kind. */
export type ChosenFilters = Readonly<Record<string, string>>;

const NONE: ChosenFilters = {};

function chosen(filter: Filter, as: string | undefined): Filter {
  if (as === undefined) return filter;
  if (as !== 'resources') return { ...filter, control: 'reference', kind: as };
  const choices = [...new Set(services.map(({ resource }) => resource))].sort();
  return { ...filter, control: 'choice', choices };
}

/** The filters of a service's list, as the page's address has them. */
export function useListFilters(service: DescribedService, as: ChosenFilters = NONE) {
  const navigate = useNavigate();
  const search: Readonly<Record<string, unknown>> = useSearch({ strict: false });
  const schema = useSchemas(service.list)?.input;
  const filters = useMemo(
    () => filtersOf(operationOf(service.list), schema).map((filter) => chosen(filter, as[filter.name])),
    [service, schema, as],
  );
  const given = useMemo(() => filledFilters(filters, search), [filters, search]);
  /** Puts filters into the address; with `undefined` one is taken away. */
  const change = (changed: Input, replace: boolean) =>
    void navigate({ to: '.', search: (before: Input) => without({ ...before, ...changed }), replace });
  const q = typeof search.q === 'string' || typeof search.q === 'number' ? String(search.q) : '';
  const [text, setText] = useTyped(q, (typed) => change({ q: typed || undefined }, true));
  return {
    filters,
    given,
    /** What of the address is a filter is known once the schemas are. */
    isKnown: schema !== undefined || Object.keys(search).every((name) => OURS.has(name)),
    change,
    /** What is looked for in what was read. */
    text,
    setText,
    sort: search.sort,
  };
}

/** Without what is undefined, which has no place in an address. */
const without = (search: Input): Input =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined));
