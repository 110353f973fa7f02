import type { Readable } from 'node:stream';
import type { BodyFacts } from '../body.ts';
import type { Limits } from '../codec/malformed.ts';
import { Refusal } from '../errors.ts';
import type { WireRequest, WireResponse } from '../request.ts';
import type { CredentialProvider } from '../sigv4/verify.ts';

export interface PostForm<P> {
  readonly input: Record<string, unknown>;
  readonly signed: boolean;
  readonly principal: P | undefined;
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly facts: () => BodyFacts;
  readonly stream: Readable;
  /** Turns PutObject's answer into the form's: 204, 201 with XML, 200, or a redirect. */
  answer(put: WireResponse, bucket: string, requestId: string): WireResponse;
}

export function isPostForm(request: WireRequest): boolean {
  return (
    request.method === 'POST' &&
    request.headers['content-type']?.toLowerCase().startsWith('multipart/form-data') === true
  );
}

export async function readPostForm<P>(
  _request: WireRequest,
  _bucket: string,
  _credentials: CredentialProvider<P>,
  _limits: Limits,
  _now: () => number,
): Promise<PostForm<P>> {
  throw new Refusal('notImplemented', 'Form uploads are not implemented here.');
}
