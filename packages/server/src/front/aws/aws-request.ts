import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the door knows of a request besides its words. */
export interface AwsRequest {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly origin: { readonly ip: string; readonly userAgent?: string };
  readonly begunAt: number;
  /** `ec2`, where the request's head says so. */
  service: string | undefined;
  isSigned: boolean;
  /** `ec2.DescribeVpcs`, once it is known to be an action that is served. */
  action: string | undefined;
  /** The key was found and its signature is good. */
  isVerified: boolean;
  /** Refused by a rate limit: not logged as a server error, although AWS's status for it is 503. */
  isLimited: boolean;
}
