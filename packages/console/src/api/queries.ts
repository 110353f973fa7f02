import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { type Attempt, attemptOf, isAnswered } from './attempt.ts';
import { call, type CallOptions, CloudApiError, listPage } from './client.ts';
import { type Operation, operationOf } from './registry.ts';
import { useTenant } from './session.ts';

/** A resource or any other answer, by member. */
export type Item = Readonly<Record<string, unknown>>;
export type Input = Readonly<Record<string, unknown>>;

/** Items that a list asks for first, and then each time. */
const FIRST_PAGE = 200;
const NEXT_PAGE = 1_000;
/** Milliseconds between looks at what is the operator's: the stream has the events of a tenant only. */
const OPERATOR_MS = 15_000;
/** Most items that a list reads on its own to look for something in all of them. */
export const MOST_READ = 10_000;
/** What is kept under it is the same in every tenant. An operation of scope `user` may count in the active one, as quotas.list does. */
const EVERYWHERE = 'everywhere';

/** The key of a call's answer: `[operation, input, tenant]`. Events make keys stale by the operation's service. */
const keyOf = (operation: Operation, input: Input, tenantId: string | undefined) =>
  [
    operation.name,
    input,
    operation.scope === 'tenant' || operation.scope === 'user' ? (tenantId ?? EVERYWHERE) : EVERYWHERE,
  ] as const;

export const readQuery = <T = Item>(name: string, input: Input, tenantId: string | undefined) =>
  queryOptions({
    queryKey: keyOf(operationOf(name), input, tenantId),
    queryFn: ({ signal }) => call<T>(name, input, { signal, tenantId }),
  });

export const listQuery = <T = Item>(name: string, input: Input, tenantId: string | undefined) =>
  infiniteQueryOptions({
    // Not the key of a single read: what is kept has another form.
    queryKey: [...keyOf(operationOf(name), input, tenantId), 'pages'] as const,
    queryFn: ({ signal, pageParam }) =>
      listPage<T>(
        name,
        { limit: FIRST_PAGE, ...input, ...(pageParam ? { limit: NEXT_PAGE, cursor: pageParam } : {}) },
        { signal, tenantId },
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.nextCursor,
  });

/** Reads one answer and keeps it up to date. `enabled: false` reads nothing. */
export function useRead<T = Item>(
  name: string,
  input: Input = {},
  options: { enabled?: boolean; refetchMs?: number } = {},
) {
  const tenant = useTenant();
  const isOperators = operationOf(name).scope === 'operator';
  return useQuery({
    ...readQuery<T>(name, input, tenant?.id),
    enabled: options.enabled !== false,
    refetchInterval: options.refetchMs ?? (isOperators ? OPERATOR_MS : false),
  });
}

/** Reads a list page by page: `items` are those read so far. */
export function useList<T = Item>(name: string, input: Input = {}, options: { enabled?: boolean } = {}) {
  const tenant = useTenant();
  const isOperators = operationOf(name).scope === 'operator';
  const query = useInfiniteQuery({
    ...listQuery<T>(name, input, tenant?.id),
    enabled: options.enabled !== false,
    // Of a long list, all of its pages would be read each time.
    refetchInterval: ({ state }) => isOperators && (state.data?.pages.length ?? 0) < 2 && OPERATOR_MS,
  });
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  // After a failure it is for the user to try again: a table would ask as fast as it is refused.
  const readOn = query.hasNextPage && !query.error ? () => void query.fetchNextPage() : undefined;
  return { ...query, items, readOn };
}

/** Reads the pages of a list that are left, while `wanted`, up to MOST_READ items. `isCut`: there are more than that. */
export function useReadOn(
  list: Pick<ReturnType<typeof useList>, 'hasNextPage' | 'isFetching' | 'error' | 'fetchNextPage'> & {
    readonly items: readonly unknown[];
  },
  wanted: boolean,
): { readonly isReading: boolean; readonly isCut: boolean } {
  const { hasNextPage, isFetching, error, fetchNextPage } = list;
  const isFull = list.items.length >= MOST_READ;
  const reads = wanted && hasNextPage && !isFull && !error;
  useEffect(() => {
    if (reads && !isFetching) void fetchNextPage();
  }, [reads, isFetching, fetchNextPage]);
  return { isReading: reads, isCut: hasNextPage && isFull };
}

/**
 * Calls an operation that changes something; then everything of its service that is shown is read once more, without waiting for the event.
 * `variables` of `mutate` are the input. The same input after a call that was not answered is the same call: it is not done twice.
 */
export function useAct<T = Item>(
  name: string,
  options: { onSuccess?: (answer: T, input: Input) => void } & CallOptions = {},
) {
  const tenant = useTenant();
  const client = useQueryClient();
  const attempt = useRef<Attempt>(undefined);
  const { onSuccess, ...given } = options;
  return useMutation<T, Error, Input>({
    mutationFn: async (input) => {
      attempt.current = attemptOf(attempt.current, input);
      const { key } = attempt.current;
      try {
        const answer = await call<T>(name, input, { tenantId: tenant?.id, idempotencyKey: key, ...given });
        attempt.current = undefined;
        return answer;
      } catch (error) {
        if (isAnswered(error)) attempt.current = undefined;
        throw error;
      }
    },
    onError: (error) => {
      // The page showed something that is not so any more.
      if (error instanceof CloudApiError && (error.status === 409 || error.status === 404))
        refresh(client, operationOf(name).service);
    },
    onSuccess: (answer, input) => {
      refresh(client, operationOf(name).service);
      onSuccess?.(answer, input);
    },
  });
}

/** Reads what is shown of a service once more; of what is not shown, the next look does. */
export function refresh(client: QueryClient, service: string): void {
  void client.invalidateQueries({
    predicate: ({ queryKey }) => typeof queryKey[0] === 'string' && queryKey[0].startsWith(`${service}.`),
  });
}

/** Reads once more what is shown of a service, by its name. */
export function useRefresh(): (service: string) => void {
  const client = useQueryClient();
  return (service) => refresh(client, service);
}

/** The sentence of an error, for people. */
export const sentenceOf = (error: unknown): string => {
  if (error instanceof CloudApiError) return capital(error.message);
  return error instanceof Error ? capital(error.message) : 'Something went wrong';
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
