import { parsePairs } from '../codec/form.ts';
import { Refusal } from '../errors.ts';
import { splitUrl, type WireRequest } from '../request.ts';
import { checkHeader, hoistedHeaders } from '../s3/hoisted.ts';
import type { Claim } from './claim.ts';

/**
 * The parameters that a version 2 signature covers. Source: Amazon S3 developer guide, "Signing and authenticating REST requests". The last
 * line has those of operations that are younger: unsigned, they would turn a URL for one operation into one for another.
 */
const SUBRESOURCES = new Set(
  (
    'accelerate acl analytics cors delete encryption intelligent-tiering inventory lifecycle location logging metrics notification object-lock legal-hold ownershipControls partNumber policy policyStatus publicAccessBlock replication requestPayment restore retention select select-type tagging torrent uploadId uploads versionId versioning versions website response-content-type response-content-language response-expires response-cache-control response-content-disposition response-content-encoding ' +
    'abac annotation attributes metadataAnnotationTable metadataConfiguration metadataInventoryTable metadataJournalTable metadataTable renameObject session'
  ).split(' '),
);

/** What a presigned S3 URL of signature version 2 signs; botocore presigns so on custom endpoints. */
export function stringToSignV2(request: WireRequest, claim: Claim, bucketOfHost: string | undefined): string {
  const { path, query } = splitUrl(request.url);
  const pairs = parsePairs(query, false, 10_000);
  const amz = new Map<string, string>();
  for (const [name, value] of pairs) {
    const header = name.toLowerCase();
    if (!header.startsWith('x-amz-')) continue;
    checkHeader('parameter', header, value);
    amz.set(header, value);
  }
  // After those of the URL, since it is the header that counts.
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('x-amz-')) amz.set(name, value.trim().replace(/\s+/g, ' '));
  }
  const amzLines = [...amz].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value}\n`);
  const covered = pairs.filter(([name]) => SUBRESOURCES.has(name)).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const suffix = covered.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&');
  // Values stand there unescaped: one with an ampersand could spell parameters that the request does not have.
  const spelt = suffix.split('&').filter((part) => SUBRESOURCES.has(part.split('=', 1)[0] as string));
  if (spelt.length > covered.length)
    throw new Refusal(
      'queryClaim',
      'The value of a parameter spells another one, which signature version 2 cannot tell.',
    );
  const resource = `${bucketOfHost === undefined ? '' : `/${bucketOfHost}`}${path}${suffix ? `?${suffix}` : ''}`;
  const headers = hoistedHeaders(request, query);
  return `${request.method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${claim.expires}\n${amzLines.join('')}${resource}`;
}
