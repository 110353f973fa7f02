import { queryOptions, useQuery } from '@tanstack/react-query';
import { loadSchemas, type Schemas } from './schema.ts';

export const schemasQuery = queryOptions({
  queryKey: ['schemas'],
  queryFn: loadSchemas,
  staleTime: Number.POSITIVE_INFINITY,
});

/** The schemas of an operation; undefined until they are loaded. */
export function useSchemas(operation: string | undefined): Schemas | undefined {
  const { data } = useQuery(schemasQuery);
  return operation === undefined ? undefined : data?.[operation];
}
