import { queryOptions, useQuery } from '@tanstack/react-query';
import { call } from '../api/client.ts';

/** What strangers may know of the platform. */
export interface PlatformStatus {
  readonly name: string;
  readonly status: 'operational' | 'degraded';
  /** `first_user`: nobody has registered yet. */
  readonly registration: 'first_user' | 'open' | 'closed';
  /** Of the AWS API, which clients sign for. */
  readonly region: string;
  /** Where the AWS API listens; undefined: nowhere. */
  readonly aws_endpoint?: string;
  /** The operator's message. */
  readonly notice?: string;
}

export const statusQuery = queryOptions({
  queryKey: ['status.get', {}],
  queryFn: ({ signal }) => call<PlatformStatus>('status.get', {}, { signal }),
  staleTime: 10_000,
});

export const usePlatformStatus = (): PlatformStatus | undefined => useQuery(statusQuery).data;
