import { type UseMutationResult, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../api/client.ts';
import { type Input, type Item, readQuery, refresh, useAct } from '../../api/queries.ts';
import { operationOf } from '../../api/registry.ts';

/** Reads something of the user, whatever tenant the page is in: one that demands a second factor must not stand in the way of enrolling one. */
export const useOwn = <T = Item>(name: string, input: Input = {}) => useQuery(readQuery<T>(name, input, undefined));

/** As `useAct`, without a tenant. */
export const useOwnAct = <T = Item>(
  name: string,
  onSuccess?: (answer: T, input: Input) => void,
): UseMutationResult<T, Error, Input> => useAct<T>(name, { tenantId: undefined, ...(onSuccess ? { onSuccess } : {}) });

/** Calls an operation of the user and reads what is shown of it once more. For forms, which show what it throws. */
export function useOwnCall(): <T = Item>(name: string, input: Input) => Promise<T> {
  const client = useQueryClient();
  return async (name, input) => {
    const answer = await call(name, input);
    refresh(client, operationOf(name).service);
    return answer as never;
  };
}
