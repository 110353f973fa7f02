import { Readable, Transform, type TransformCallback } from 'node:stream';
import type { BodyFacts } from '../body-checks.ts';
import { BodyStream } from '../body-stream.ts';
import { Malformed } from '../codec/malformed.ts';
import { escapeXml } from '../codec/xml.ts';
import { Refusal } from '../errors.ts';
import type { WireRequest, WireResponse } from '../request.ts';
import { parseStamp } from '../sigv4/claim.ts';
import { deriveKey, hmacHex, sameText } from '../sigv4/keys.ts';
import type { CredentialProvider } from '../sigv4/verify.ts';
import { checkPolicy, type Policy, parsePolicy } from './post-policy.ts';

export interface PostForm<P> {
  /** PutObject's input; `Body` streams the file. */
  readonly input: Record<string, unknown>;
  readonly signed: boolean;
  readonly principal: P | undefined;
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly facts: () => BodyFacts;
  /** Turns PutObject's answer into the form's: 204, 200, 201 with XML, or a redirect. */
  answer(put: WireResponse, bucket: string, requestId: string): WireResponse;
}

/** Form fields that are members of PutObject. Source: Amazon S3 API reference, "POST Object". */
const FIELDS: Record<string, string> = {
  acl: 'ACL',
  'cache-control': 'CacheControl',
  'content-type': 'ContentType',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  tagging: 'Tagging',
  'x-amz-storage-class': 'StorageClass',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-website-redirect-location': 'WebsiteRedirectLocation',
};
/** What may stand before the file. Same source: the form data without the file is at most 20 KB. */
const MAX_FIELDS = 20 << 10;

export function isPostForm(request: WireRequest): boolean {
  return (
    request.method === 'POST' &&
    request.headers['content-type']?.toLowerCase().startsWith('multipart/form-data') === true
  );
}

/** Reads an S3 form upload up to its file, checks its signature and policy, and leaves the file as a stream. */
export async function readPostForm<P>(
  request: WireRequest,
  bucket: string,
  credentials: CredentialProvider<P>,

  now: () => number,
): Promise<PostForm<P>> {
  const boundary = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(request.headers['content-type'] ?? '');
  if (!boundary) throw new Malformed('The form has no boundary.');
  const source = new BodyStream(request.body, []).iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const { fields, fileName, rest, iterator } = await readFields(source, `--${boundary[1] ?? boundary[2]}`);
  refuseUnfit(fields);
  const key = fields['key'];
  if (!key) throw new Refusal('missingParameter', 'Bucket POST must contain a field named key.');
  const signer = await verifyPolicy(fields, (id) => credentials(id, request), now);
  const range = signer ? checkPolicy(signer.policy, { ...fields, bucket }, now()) : undefined;

  const file = new FilePart(`\r\n--${boundary[1] ?? boundary[2]}`, range);
  Readable.from(concat(rest, iterator), { objectMode: false })
    .on('error', (error) => file.destroy(error))
    .pipe(file);
  file.on('error', () => {});
  const metadata = Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => name.startsWith('x-amz-meta-'))
      .map(([name, value]) => [name.slice(11), value]),
  );
  const input: Record<string, unknown> = { Bucket: bucket, Key: key.replaceAll('${filename}', fileName), Body: file };
  if (Object.keys(metadata).length > 0) input['Metadata'] = metadata;
  for (const [field, member] of Object.entries(FIELDS)) if (fields[field] !== undefined) input[member] = fields[field];
  return {
    input,
    signed: signer !== undefined,
    principal: signer?.principal,
    accessKeyId: signer?.accessKeyId,
    region: signer?.region,
    facts: () => ({ length: file.length, checksums: {} }),
    answer: (put, target, requestId) => formAnswer(put, fields, target, input['Key'] as string, requestId),
  };
}

/** What becomes a header of the object must be one that an answer can hold. */
function refuseUnfit(fields: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(fields)) {
    const metadata = name.startsWith('x-amz-meta-');
    if (!metadata && FIELDS[name] === undefined) continue;
    if ((metadata && !/^[!#$%&'*+\-.^_`|~\da-z]+$/.test(name)) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value))
      throw new Refusal('validation', `The form field ${JSON.stringify(name.slice(0, 100))} cannot be a header.`);
  }
}

async function readFields(iterator: AsyncIterator<Buffer>, delimiter: string) {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  let buffer: Buffer = Buffer.alloc(0);
  const more = async (): Promise<void> => {
    const { value, done } = await iterator.next();
    if (done) throw new Refusal('incompleteBody', 'The form ends before its file.');
    buffer = Buffer.concat([buffer, value]);
  };
  const find = async (what: string): Promise<number> => {
    for (;;) {
      const at = buffer.indexOf(what, 0, 'latin1');
      if (at >= 0) return at;
      if (buffer.length > MAX_FIELDS) throw new Malformed('The form fields are too large.');
      await more();
    }
  };
  let seen = 0;
  if ((await find(delimiter)) !== 0) throw new Malformed('The form does not begin with its boundary.');
  buffer = buffer.subarray(delimiter.length);
  for (;;) {
    const headersEnd = await find('\r\n\r\n');
    const head = buffer.subarray(0, headersEnd).toString('utf8');
    if (head.startsWith('--')) throw new Malformed('The form has no file.');
    const name = /name="([^"]*)"/i.exec(head)?.[1];
    if (!/content-disposition:\s*form-data/i.test(head) || name === undefined)
      throw new Malformed('A form field has no name.');
    buffer = buffer.subarray(headersEnd + 4);
    seen += headersEnd;
    if (name.toLowerCase() === 'file') {
      const fileName = /filename="([^"]*)"/i.exec(head)?.[1] ?? '';
      return { fields, fileName: fileName.slice(fileName.lastIndexOf('/') + 1), rest: buffer, iterator };
    }
    const end = await find(`\r\n${delimiter}`);
    const lower = name.toLowerCase();
    if (fields[lower] !== undefined) throw new Malformed(`The form field ${name} is given twice.`);
    fields[lower] = buffer.subarray(0, end).toString('utf8');
    seen += end;
    if (seen > MAX_FIELDS) throw new Malformed('The form fields are too large.');
    buffer = buffer.subarray(end + 2 + delimiter.length);
  }
}

async function* concat(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

async function verifyPolicy<P>(
  fields: Record<string, string>,
  credentials: (accessKeyId: string) => ReturnType<CredentialProvider<P>>,
  now: () => number,
): Promise<{ policy: Policy; principal: P; accessKeyId: string; region: string } | undefined> {
  const { policy } = fields;
  if (policy === undefined) return undefined;
  const [accessKeyId, date, region, service, end] = (fields['x-amz-credential'] ?? '').split('/');
  const stamp = parseStamp(fields['x-amz-date'] ?? '');
  if (
    fields['x-amz-algorithm'] !== 'AWS4-HMAC-SHA256' ||
    !accessKeyId ||
    !date ||
    !region ||
    service !== 's3' ||
    end !== 'aws4_request' ||
    stamp === undefined
  ) {
    throw new Refusal(
      'incompleteSignature',
      'A form needs x-amz-algorithm AWS4-HMAC-SHA256, x-amz-credential, x-amz-date and x-amz-signature.',
    );
  }
  if (!(fields['x-amz-date'] as string).startsWith(date) || stamp > now() + 900_000)
    throw new Refusal('expired', 'The form is not yet valid.');
  const credential = await credentials(accessKeyId);
  if (!credential)
    throw new Refusal('unknownKey', 'The AWS access key ID that you provided does not exist in our records.');
  const token = fields['x-amz-security-token'];
  if (
    credential.sessionToken === undefined
      ? token !== undefined
      : token === undefined || !sameText(token, credential.sessionToken)
  ) {
    throw new Refusal('invalidToken', 'The security token included in the request is invalid.');
  }
  const expected = hmacHex(deriveKey(credential.secretAccessKey, date, region, 's3'), policy);
  if (!sameText(expected, fields['x-amz-signature'] ?? ''))
    throw new Refusal('signatureMismatch', 'The signature of the form policy does not match.');
  return { policy: parsePolicy(policy), principal: credential.principal, accessKeyId, region };
}

/** Passes the file on up to the closing boundary, and holds its length against the policy's range. */
class FilePart extends Transform {
  length = 0;
  #held: Buffer = Buffer.alloc(0);
  #closed = false;
  readonly #end: Buffer;
  readonly #range: readonly [number, number] | undefined;

  constructor(end: string, range: readonly [number, number] | undefined) {
    super();
    this.#end = Buffer.from(end, 'latin1');
    this.#range = range;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    // Fields after the file are ignored, as S3 does.
    if (this.#closed) return done();
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const at = bytes.indexOf(this.#end);
    this.#closed = at >= 0;
    const safe = at >= 0 ? at : Math.max(0, bytes.length - this.#end.length + 1);
    this.#held = at >= 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(safe));
    this.length += safe;
    if (this.#range && this.length > this.#range[1])
      return done(new Refusal('tooLarge', 'Your proposed upload exceeds the maximum allowed size'));
    if (safe > 0) this.push(bytes.subarray(0, safe));
    done();
  }

  override _flush(done: TransformCallback): void {
    if (!this.#closed) return done(new Refusal('incompleteBody', 'The form ends before its closing boundary.'));
    if (this.#range && this.length < this.#range[0])
      return done(new Refusal('validation', 'Your proposed upload is smaller than the minimum allowed size'));
    done();
  }
}

function formAnswer(
  put: WireResponse,
  fields: Record<string, string>,
  bucket: string,
  key: string,
  requestId: string,
): WireResponse {
  const etag = Object.entries(put.headers).find(([name]) => name.toLowerCase() === 'etag')?.[1] ?? '';
  const headers: Record<string, string> = {
    'x-amz-request-id': requestId,
    'x-amz-id-2': requestId,
    etag,
    location: `/${encodeURIComponent(bucket)}/${encodeURI(key)}`,
  };
  const redirect = fields['success_action_redirect'] ?? fields['redirect'];
  if (redirect !== undefined && /^https?:\/\//.test(redirect) && URL.canParse(redirect)) {
    const url = new URL(redirect);
    for (const [name, value] of [
      ['bucket', bucket],
      ['key', key],
      ['etag', etag],
    ] as const)
      url.searchParams.set(name, value);
    return { status: 303, headers: { ...headers, location: url.href }, body: '' };
  }
  const status = fields['success_action_status'];
  if (status !== '201') return { status: status === '200' ? 200 : 204, headers, body: '' };
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${escapeXml(headers['location'] as string)}</Location><Bucket>${escapeXml(bucket)}</Bucket><Key>${escapeXml(key)}</Key><ETag>${escapeXml(etag)}</ETag></PostResponse>`;
  return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body };
}
