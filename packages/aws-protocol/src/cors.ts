import { AwsError } from './errors.ts';
import type { Call } from './hooks.ts';
import type { WireRequest, WireResponse } from './request.ts';

/** One rule of CORS, as S3 stores it: GetBucketCors's and PutBucketCors's `CORSRules` fit. */
export interface CorsRule {
  /** `*`, or origins with at most one `*` each: `https://*.example.org`. */
  readonly AllowedOrigins: readonly string[] | undefined;
  readonly AllowedMethods: readonly string[] | undefined;
  /** Request headers, with at most one `*` each. Default: none. */
  readonly AllowedHeaders?: readonly string[] | undefined;
  /** Headers of the answer that a page may read. Default: none. */
  readonly ExposeHeaders?: readonly string[] | undefined;
  /** How long a browser may keep the answer to a preflight. Default: the browser's own, 5 seconds. */
  readonly MaxAgeSeconds?: number | undefined;
}

/**
 * Which pages may call: rules by service id, or a function that gives the rules for a call. A preflight is not signed, and its service may be
 * unknown: a function then gets no `call.service`, and of rules by service all are tried. The call itself is judged by its own service's rules.
 */
export type Cors<P> =
  | Readonly<Record<string, readonly CorsRule[]>>
  | ((call: Call<P>) => readonly CorsRule[] | undefined | Promise<readonly CorsRule[] | undefined>);

const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

/** The request that a preflight asks for, with the headers it will have, though not their values. Undefined: it is not a preflight. */
export function announcedBy(request: WireRequest): WireRequest | undefined {
  const { headers } = request;
  const method = headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || headers['origin'] === undefined || method === undefined) return undefined;
  const coming = Object.fromEntries(requestedHeaders(request).map((name) => [name, '']));
  return { ...request, method, headers: { ...coming, ...headers } };
}

export async function rulesFor<P>(cors: Cors<P>, call: Call<P>): Promise<readonly CorsRule[]> {
  if (typeof cors === 'function') return (await cors(call)) ?? [];
  if (call.service === undefined) return Object.values(cors).flat();
  return Object.hasOwn(cors, call.service) ? (cors[call.service] as readonly CorsRule[]) : [];
}

/** Answers a preflight by the first rule that allows it, as S3 does. Throws AccessForbidden. */
export function answerPreflight(request: WireRequest, rules: readonly CorsRule[]): WireResponse {
  if (rules.length === 0)
    throw new AwsError('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.', { status: 403 });
  const origin = request.headers['origin'] as string;
  const method = request.headers['access-control-request-method'] as string;
  const wanted = requestedHeaders(request);
  const rule = rules.find((one) => allows(one, origin, method) && wanted.every((name) => allowsHeader(one, name)));
  if (!rule) {
    throw new AwsError(
      'AccessForbidden',
      "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      { status: 403, headers: { vary: VARY } },
    );
  }
  const headers = headersOf(rule, origin);
  if (wanted.length > 0) headers['access-control-allow-headers'] = wanted.join(', ');
  return { status: 200, headers, body: '' };
}

/** Lets a page read the answer to its call, a refusal too. */
export function addCors(request: WireRequest, answer: WireResponse, rules: readonly CorsRule[]): void {
  const origin = request.headers['origin'];
  const rule = origin === undefined ? undefined : rules.find((one) => allows(one, origin, request.method));
  // Named even where nothing is allowed, lest a cache give one page's answer to another.
  const more = rule ? headersOf(rule, origin as string) : { vary: VARY };
  const vary = answer.headers['vary'];
  Object.assign(answer.headers, more, vary === undefined ? {} : { vary: `${vary}, ${VARY}` });
}

function headersOf(rule: CorsRule, origin: string): Record<string, string> {
  const anyone = rule.AllowedOrigins?.includes('*') === true;
  return {
    'access-control-allow-origin': anyone ? '*' : origin,
    ...(anyone ? {} : { 'access-control-allow-credentials': 'true' }),
    'access-control-allow-methods': (rule.AllowedMethods ?? []).join(', '),
    ...(rule.ExposeHeaders?.length ? { 'access-control-expose-headers': rule.ExposeHeaders.join(', ') } : {}),
    ...(rule.MaxAgeSeconds === undefined ? {} : { 'access-control-max-age': String(rule.MaxAgeSeconds) }),
    vary: VARY,
  };
}

function allows(rule: CorsRule, origin: string, method: string): boolean {
  return (
    rule.AllowedMethods?.includes(method) === true &&
    rule.AllowedOrigins?.some((pattern) => fits(pattern, origin)) === true
  );
}

function allowsHeader(rule: CorsRule, name: string): boolean {
  return rule.AllowedHeaders?.some((pattern) => fits(pattern.toLowerCase(), name)) === true;
}

function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

function requestedHeaders(request: WireRequest): string[] {
  const list = request.headers['access-control-request-headers'] ?? '';
  return list
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}
