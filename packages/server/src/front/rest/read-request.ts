import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidInput, unsupportedMediaType } from '../../kernel/errors.ts';
import { refuseLargeJson } from '../../kernel/validate.ts';
import { readingMs } from '../processor-shares.ts';

/** How requests are read, whatever they hold: what cannot be read is refused with a sentence. Call it before any route is added. */
export function readRequests(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      throw invalidInput('the Host header is missing');
    checkQuery(request.url);
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
    if (encoding === '' || encoding === 'identity' || !hasBody(request)) return;
    reply.header('accept-encoding', 'identity');
    throw unsupportedMediaType(`Content-Encoding '${encoding.slice(0, 60)}' is not supported; send the body as it is`);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const begun = performance.now();
    let parsed: unknown;
    let flaw: Error | null = null;
    try {
      parsed = parseBody(body as Buffer);
    } catch (error) {
      flaw = error as Error;
    }
    request.account?.spend(readingMs((body as Buffer).length) + performance.now() - begun);
    done(flaw, parsed);
  });
}

/** Of a GET it is left unread. */
const hasBody = ({ method, headers }: FastifyRequest): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);

/** The parser of queries leaves an escape that it cannot read as it is: that would be another value than the caller's. */
function checkQuery(url: string): void {
  const cut = url.indexOf('?');
  if (cut < 0 || !url.includes('%', cut)) return;
  try {
    decodeURIComponent(url.slice(cut));
  } catch {
    throw invalidInput('the query contains an invalid percent escape; write a % as %25');
  }
}

/** A POST without a body is an empty input, whatever its Content-Type says. */
export function parseBody(body: Buffer): unknown {
  if (body.length === 0) return {};
  refuseLargeJson(body);
  // Else each bad byte would become U+FFFD without a word.
  if (!isUtf8(body)) throw invalidInput('the body is not valid UTF-8');
  try {
    // RFC 8259 lets a reader leave a byte order mark aside.
    return JSON.parse(body.toString('utf8').replace(/^\ufeff/, ''));
  } catch (error) {
    // The engine's own words quote the body, which may hold a password.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    throw invalidInput(`the body is not JSON${at === undefined ? '' : `: the error is at character ${at}`}`);
  }
}
