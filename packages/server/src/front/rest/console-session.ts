/**
 * The session of the web console: a key in a cookie, which no script reads and which the browser sends along by itself. So that no other
 * page can use it, it counts only with a header that a page elsewhere cannot send, and from a page of this very host.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { forbidden } from '../../kernel/errors.ts';
import type { Entry } from '../../kernel/registry.ts';
import { isUpgrade } from './sockets.ts';

/** No page of another origin sends it: a browser asks first (CORS), and is told no. */
const HEADER = 'x-cloud-console';
const COOKIE = 'cloud_session';
/** By its name a browser takes it over TLS alone, and from no neighbouring domain. */
const SECURE_COOKIE = `__Host-${COOKIE}`;

const isConsoleRequest = ({ headers }: FastifyRequest): boolean => headers[HEADER] === '1';

/** Refuses console requests that do not come from a page of this host. A proxy that changes the host is the usual reason. */
export function guardConsole(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (!isConsoleRequest(request) || isFromOwnPage(request)) return;
    const { origin, 'sec-fetch-site': site } = request.headers;
    const page = origin ?? `a page that is ${String(site)}`;
    throw forbidden(
      `this console request comes from ${page.slice(0, 200)}, not from a page of ${request.host}; if a proxy changes the host, let it pass Host on, or X-Forwarded-Host with the proxy in CLOUD_TRUSTED_PROXIES`,
    );
  });
}

/** The session's key, if the request may use it. A page cannot send headers with a websocket: its Origin must be there instead. */
export function sessionKeyOf(request: FastifyRequest): string | undefined {
  const mayUse = isUpgrade(request.raw) ? request.headers.origin !== undefined : isConsoleRequest(request);
  return mayUse && isFromOwnPage(request) ? findCookie(request)?.value : undefined;
}

/** What a logout of the console ends is its session. */
export function withSessionKey(
  entry: Entry,
  request: FastifyRequest,
  input: Record<string, unknown>,
): Record<string, unknown> {
  if (entry.name !== 'auth.logout' || input['api_key'] !== undefined) return input;
  const key = sessionKeyOf(request);
  return key === undefined ? input : { ...input, api_key: key };
}

/** Moves the key of a console's login from the answer to the cookie, and takes the cookie away after its logout. */
export function keepSession(
  entry: Entry,
  request: FastifyRequest,
  reply: FastifyReply,
  output: unknown,
  now: string,
): unknown {
  if (!isConsoleRequest(request)) return output;
  if (entry.name === 'auth.logout') endSession(request, reply);
  if (entry.name !== 'auth.login') return output;
  const { api_key: key, ...shown } = output as { readonly api_key: string; readonly expires_at: string };
  const seconds = Math.floor((Date.parse(shown.expires_at) - Date.parse(now)) / 1000);
  setCookie(reply, isOverTls(request) ? SECURE_COOKIE : COOKIE, key, seconds);
  return shown;
}

/** Tells the browser to forget the session's cookie, if it sent one. */
export function endSession(request: FastifyRequest, reply: FastifyReply): void {
  const found = findCookie(request);
  if (found) setCookie(reply, found.name, '', 0);
}

function setCookie(reply: FastifyReply, name: string, value: string, seconds: number): void {
  const secure = name === SECURE_COOKIE ? '; Secure' : '';
  reply.header('set-cookie', `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`);
}

/**
 * Over TLS only the one that no neighbour could have set. A page without TLS may be anybody's on the line: it must not use the other, with which
 * a browser would let it open a socket.
 */
function findCookie(request: FastifyRequest): { readonly name: string; readonly value: string } | undefined {
  const unsaid = request.headers.origin === undefined ? [SECURE_COOKIE, COOKIE] : [COOKIE];
  const names = isOverTls(request) ? [SECURE_COOKIE] : unsaid;
  const sent = (request.headers.cookie ?? '').split(';').map((one) => one.trim());
  for (const name of names) {
    const value = sent.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    if (value) return { name, value };
  }
  return undefined;
}

/** As the page sees it, where it says so; else as a trusted proxy does. */
const isOverTls = ({ headers, protocol }: FastifyRequest): boolean =>
  headers.origin === undefined ? protocol === 'https' : headers.origin.startsWith('https:');

/** Nothing speaks against it. What is no browser says nothing of itself. */
function isFromOwnPage(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return true;
  const page = URL.parse(origin);
  if (page?.origin !== origin || (request.protocol === 'https' && page.protocol !== 'https:')) return false;
  return URL.parse(`${page.protocol}//${request.host}`)?.origin === origin;
}
