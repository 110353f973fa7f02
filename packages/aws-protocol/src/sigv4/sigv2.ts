import { parsePairs } from '../codec/form.ts';
import { splitUrl, type WireRequest } from '../request.ts';
import type { Claim } from './claim.ts';

/** The parameters that a version 2 signature covers. Source: Amazon S3 developer guide, "Signing and authenticating REST requests". */
const SUBRESOURCES = new Set(
  'accelerate acl analytics cors delete encryption intelligent-tiering inventory lifecycle location logging metrics notification object-lock legal-hold ownershipControls partNumber policy policyStatus publicAccessBlock replication requestPayment restore retention select select-type tagging torrent uploadId uploads versionId versioning versions website response-content-type response-content-language response-expires response-cache-control response-content-disposition response-content-encoding'.split(
    ' ',
  ),
);

/** What a presigned S3 URL of signature version 2 signs; botocore presigns so on custom endpoints. */
export function stringToSignV2(request: WireRequest, claim: Claim, bucketOfHost: string | undefined): string {
  const { path, query } = splitUrl(request.url);
  const pairs = parsePairs(query, false, 10_000);
  const amz = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('x-amz-')) amz.set(name, value.trim().replace(/\s+/g, ' '));
  }
  for (const [name, value] of pairs) if (name.toLowerCase().startsWith('x-amz-')) amz.set(name.toLowerCase(), value);
  const amzLines = [...amz].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value}\n`);
  const covered = pairs.filter(([name]) => SUBRESOURCES.has(name)).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const suffix = covered.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&');
  const resource = `${bucketOfHost === undefined ? '' : `/${bucketOfHost}`}${path}${suffix ? `?${suffix}` : ''}`;
  const { headers, method } = request;
  // Presigners move these two into the query as well.
  const standard = (name: string): string =>
    headers[name] ?? pairs.find(([key]) => key.toLowerCase() === name)?.[1] ?? '';
  return `${method}\n${standard('content-md5')}\n${standard('content-type')}\n${claim.expires}\n${amzLines.join('')}${resource}`;
}
