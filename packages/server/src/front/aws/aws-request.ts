import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Passage } from '../passage.ts';
import type { Account } from '../processor-shares.ts';

/** What the door knows of a request besides what the library tells of it. */
export interface AwsRequest {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly origin: { readonly ip: string; readonly userAgent?: string };
  readonly begunAt: number;
  readonly passage: Passage;
  /** Bytes of its body that may be held: what its head says, within the limit of its service. */
  bodyBytes: number;
  /** Of its key, once the signature was found to be good. */
  tenantId: string | undefined;
  /** Who pays for the processor's time, once the signature was found to be good. */
  account: Account | undefined;
  /** Since when it has kept the event loop busy, in milliseconds of `performance.now()`; 0: nothing is measured yet. */
  measuredFrom: number;
}
