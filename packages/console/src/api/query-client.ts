import { QueryClient } from '@tanstack/react-query';

/** What the page has read of the API, and what it is sending. */
export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // Events say when something changed; until then what was read is true.
        staleTime: 30_000,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: true,
        // The transport retries what is worth it.
        retry: false,
      },
      // What was sent and answered may be a password or a new key: it is gone as soon as nothing shows it.
      mutations: { retry: false, gcTime: 0 },
    },
  });
