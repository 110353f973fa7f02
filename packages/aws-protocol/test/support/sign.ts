import { createHash } from 'node:crypto';
import type { WireRequest } from '../../src/index.ts';
import { splitUrl } from '../../src/request.ts';
import { canonicalPath, canonicalQuery, canonicalRequest, stringToSign } from '../../src/sigv4/canonical.ts';
import { deriveKey, hmacHex } from '../../src/sigv4/keys.ts';
import { KEY } from './harness.ts';

/** Signs a request as a client does, now; for requests that no client would send. */
export function sign(
  service: string,
  method: string,
  url: string,
  headers: Record<string, string>,
  body: Uint8Array,
  payloadHash?: string,
  region = 'us-east-1',
): WireRequest {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = stamp.slice(0, 8);
  const digest = payloadHash ?? createHash('sha256').update(body).digest('hex');
  const all: Record<string, string> = { host: '127.0.0.1', ...headers, 'x-amz-date': stamp };
  if (service === 's3' || payloadHash !== undefined) all['x-amz-content-sha256'] = digest;
  const names = Object.keys(all).sort();
  const { path, query } = splitUrl(url);
  let canonQuery = '';
  try {
    canonQuery = canonicalQuery(query);
  } catch {
    // Bad escapes: the signature cannot be right, and must not matter.
  }
  const canonical = canonicalRequest({
    method,
    path: canonicalPath(path, service === 's3'),
    query: canonQuery,
    signedHeaders: names,
    signedNames: names.join(';'),
    headers: all,
    payloadHash: digest,
  });
  const scope = `${date}/${region}/${service}/aws4_request`;
  const signature = hmacHex(
    deriveKey(KEY.secretAccessKey, date, region, service),
    stringToSign(stamp, scope, canonical),
  );
  all['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${KEY.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { method, url, headers: all, body };
}
