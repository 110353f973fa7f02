import { decodeComponent } from '../codec/form.ts';

export interface S3Address {
  readonly bucket: string | undefined;
  /** Raw path below the bucket, with its leading slash. */
  readonly path: string;
  /** The bucket stood in the host name. */
  readonly virtualHost: boolean;
}

const AWS_HOST =
  /^(?:(.+)\.)?s3(?:[.-](?:dualstack|fips|accelerate))*(?:[.-][a-z]{2}(?:-[a-z]+)+-\d+)?\.amazonaws\.com(?:\.cn)?$/;

/**
 * Splits an S3 request into bucket and path: `bucket.<domain>/key` for the endpoint domains of the server and for
 * AWS's own names, else `/bucket/key`.
 */
export function addressOf(host: string, path: string, domains: readonly string[]): S3Address {
  const name = hostName(host);
  for (const domain of domains) {
    if (name.endsWith(`.${domain}`)) {
      return { bucket: name.slice(0, -domain.length - 1), path: path === '' ? '/' : path, virtualHost: true };
    }
  }
  const aws = AWS_HOST.exec(name);
  if (aws?.[1] !== undefined) return { bucket: aws[1], path: path === '' ? '/' : path, virtualHost: true };
  if (path === '' || path === '/') return { bucket: undefined, path: '/', virtualHost: false };
  const slash = path.indexOf('/', 1);
  const bucket = decodeComponent(slash < 0 ? path.slice(1) : path.slice(1, slash), false);
  return { bucket, path: slash < 0 ? '/' : path.slice(slash), virtualHost: false };
}

/** The host name without its port, in lower case. */
export function hostName(host: string): string {
  const bracket = host.indexOf(']');
  const colon = host.indexOf(':', bracket < 0 ? 0 : bracket);
  return (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
}
