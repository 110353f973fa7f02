import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the door knows of a request besides what the library tells of it. */
export interface AwsRequest {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly origin: { readonly ip: string; readonly userAgent?: string };
  readonly begunAt: number;
}
