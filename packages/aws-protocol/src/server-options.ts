import type { Limits } from './codec/malformed.ts';
import type { Cors } from './cors.ts';
import type { Hooks } from './hooks.ts';
import type { Service } from './service.ts';
import type { CredentialProvider, VerifyOptions } from './sigv4/verify.ts';

export interface ServerOptions<P> extends Hooks<P> {
  readonly services: readonly Service<P>[];
  readonly credentials: CredentialProvider<P>;
  /** Let unsigned requests in, by service id and operation; their principal is undefined. Default: none. */
  readonly allowAnonymous?: (service: string, operation: string) => boolean;
  /** Domains below which S3 buckets are virtual hosts, for example `s3.example.org`. Default: none. */
  readonly s3Domains?: readonly string[];
  /** Which pages may call from a browser. Default: none, and OPTIONS is answered as any unknown method. */
  readonly cors?: Cors<P>;
  /** Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  readonly signature?: VerifyOptions;
  /** Default: random UUIDs. */
  readonly newRequestId?: () => string;
}
