import { Readable } from 'node:stream';
import { requireLength } from '../authenticate.ts';
import { BodyChecks, type BodyFacts } from '../body-checks.ts';
import { BodyStream } from '../body-stream.ts';
import { readBound } from '../codec/http-bindings.ts';
import type { Limits } from '../codec/malformed.ts';
import { escapeXml, XmlCodec } from '../codec/xml.ts';
import { parseXml } from '../codec/xml-parse.ts';
import type { Model, Shape, StructShape } from '../model/schema.ts';
import type { WireRequest, WireResponse } from '../request.ts';
import type { CredentialProvider } from '../sigv4/verify.ts';
import { FilePart, malformedForm, readFields } from './post-fields.ts';
import { checkHeader } from './hoisted.ts';
import { checkPolicy } from './post-policy.ts';
import { type FormSigner, missingField, verifyPolicy } from './post-signature.ts';

export interface PostForm<P> {
  /** PutObject's input; `Body` streams the file. */
  readonly input: Record<string, unknown>;
  /** Undefined for a form without a signature. */
  readonly signer: FormSigner<P> | undefined;
  readonly facts: () => BodyFacts;
  /** Turns PutObject's answer into the form's: 204, 200, 201 with XML, or a redirect. */
  answer(put: WireResponse, bucket: string, requestId: string): WireResponse;
}

/** Form fields that do not become headers of the object. Source: Amazon S3 API reference, "POST Object". */
const NO_HEADER = new Set(['content-length', 'x-amz-trailer', 'x-amz-tagging']);
const xml = new XmlCodec();

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
  options: {
    readonly model: Model;
    readonly credentials: CredentialProvider<P>;
    readonly limits: Limits;
    readonly now: () => number;
  },
): Promise<PostForm<P>> {
  const { model, now } = options;
  requireLength(request, true);
  const named = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(request.headers['content-type'] ?? '');
  if (!named) throw malformedForm('It has no boundary.');
  const boundary = `--${named[1] ?? named[2]}`;
  const source = new BodyStream(request.body, []).iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const { fields, fileName, file } = await readFields(source, boundary);
  const { key } = fields;
  if (!key) throw missingField('key');
  const signer = await verifyPolicy(fields, (id) => options.credentials(id, request), now);
  const range = signer ? checkPolicy(signer.policy, { ...fields, bucket }, now()) : undefined;

  const headers = headersOf(fields, model, options.limits);
  const checks = new BodyChecks(headers, undefined, undefined, false);
  const input: Record<string, unknown> = {
    Body: new BodyStream(Readable.from(file, { objectMode: false }), [new FilePart(`\r\n${boundary}`, range), checks]),
  };
  const labels = { Bucket: bucket, Key: key.replaceAll('${filename}', () => fileName) };
  readBound(model.operation('PutObject').input as StructShape, { labels, query: [], headers }, input);
  return {
    input,
    signer,
    facts: () => checks.facts(),
    answer: (put, target, requestId) => formAnswer(put, fields, target, labels.Key, requestId),
  };
}

/** The fields as the headers that PutObject would have had, in Latin-1 as Node gives those. */
function headersOf(
  fields: Readonly<Record<string, string>>,
  model: Model,
  limits: Limits,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(fields)) {
    if (NO_HEADER.has(name)) continue;
    // Others are the form's own business, or mean nothing.
    if (name !== 'acl' && !name.startsWith('x-amz-') && !/^(?:cache-control|content-|expires$)/.test(name)) continue;
    checkHeader('form field', name, value);
    headers[name === 'acl' ? 'x-amz-acl' : name] = Buffer.from(value, 'utf8').toString('latin1');
  }
  if (fields['tagging'] !== undefined) headers['x-amz-tagging'] = tagsOf(fields['tagging'], model, limits);
  return headers;
}

/** A form's tags are XML, those of a header a query string. */
function tagsOf(text: string, model: Model, limits: Limits): string {
  const shape = model.operation('PutObjectTagging').input?.byName.get('Tagging')?.shape as Shape;
  const { TagSet = [] } = xml.read(shape, parseXml(text, limits)) as { TagSet?: { Key?: string; Value?: string }[] };
  return new URLSearchParams(TagSet.map(({ Key = '', Value = '' }): [string, string] => [Key, Value])).toString();
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
