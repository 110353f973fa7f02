import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import { CloudError } from '../errors.ts';
import { mayReach, ownAddresses } from './addresses.ts';
import { bare, readTargetUrl } from './target.ts';

/** A call that a tenant causes. */
export interface EgressCall {
  readonly tenantId: string;
  readonly url: string;
  readonly method: string;
  /** As checkHeaders() takes them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface EgressAnswer {
  readonly status: number;
  /** The beginning of what was answered, as text. */
  readonly text: string;
}

/** Why there is no answer, in words for the tenant. They name no address that a name leads to. */
export class EgressError extends Error {
  override readonly name = 'EgressError';
  /** Whether the same call could succeed later. */
  readonly isPassing: boolean;
  constructor(message: string, isPassing: boolean) {
    super(message);
    this.isPassing = isPassing;
  }
}

/** Calls that can begin: of all tenants, of each one, and of those that have some under way. */
export interface Rooms {
  readonly all: number;
  readonly each: number;
  readonly tenants: readonly { readonly tenantId: string; readonly room: number }[];
}

export interface EgressDeps {
  /** Networks that calls may reach though they are not public. */
  readonly allowed: readonly string[];
  /** All addresses of a name. For tests. */
  readonly resolve?: (name: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** For tests. */
  readonly totalMs?: number;
}

const TOTAL_MS = 10_000;
const ANSWER_BYTES = 65_536;
const ANSWER_HEADER_BYTES = 16_384;
/** Calls at a time. A tenant whose targets do not answer holds this many places for ten seconds each, and no more. */
const MOST_OF_TENANT = 20;
const MOST = 200;

/**
 * Makes HTTP calls that tenants cause. It resolves the name, checks every address and connects to one of those that it has checked, so a name that leads
 * elsewhere a moment later gains nothing. It follows no redirect, keeps no connection, and ends within ten seconds.
 */
export function createEgress(deps: EgressDeps) {
  const { allowed, resolve = resolveName, totalMs = TOTAL_MS } = deps;
  const underWay = new Map<string, number>();
  let total = 0;

  async function addressesOf(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const found = isIP(host) === 0 ? await resolve(host, signal) : [host];
    if (found.length === 0) throw new EgressError(`the name ${host} has no address`, true);
    const own = ownAddresses();
    const fit = found.filter((address) => mayReach(address, allowed, own));
    if (fit.length === 0) throw new EgressError(`${host} leads to no public address`, false);
    return fit;
  }

  async function exchange(call: EgressCall, signal: AbortSignal): Promise<EgressAnswer> {
    const url = readTargetUrl('the URL', call.url, allowed);
    const addresses = await addressesOf(bare(url.hostname), signal);
    const agent = new Agent({
      // A URL whose host is an address is not looked up: it is the very address that was checked.
      connect: { lookup: lookupIn(addresses), timeout: totalMs },
      autoSelectFamily: true,
      maxHeaderSize: ANSWER_HEADER_BYTES,
      pipelining: 0,
    });
    try {
      const answer = await request(url, {
        dispatcher: agent,
        method: call.method as Dispatcher.HttpMethod,
        headers: { 'user-agent': 'TheCloud', 'accept-encoding': 'identity', ...lowered(call.headers) },
        body: call.body ?? null,
        signal,
        headersTimeout: totalMs,
        bodyTimeout: totalMs,
      });
      return { status: answer.statusCode, text: await beginningOf(answer.body) };
    } finally {
      // Not awaited: what is left of the answer is of no interest.
      void agent.destroy().catch(() => undefined);
    }
  }

  return {
    /** How many more calls can begin now. */
    rooms: (): Rooms => ({
      all: MOST - total,
      each: MOST_OF_TENANT,
      tenants: [...underWay].map(([tenantId, calls]) => ({ tenantId, room: MOST_OF_TENANT - calls })),
    }),

    /** Throws EgressError: there is no answer. Any status is one. Throws the reason of `stop` if that aborts. */
    async call(call: EgressCall, stop: AbortSignal): Promise<EgressAnswer> {
      const { tenantId } = call;
      if (total >= MOST || (underWay.get(tenantId) ?? 0) >= MOST_OF_TENANT)
        throw new EgressError('too many calls at a time', true);
      const timeout = AbortSignal.timeout(totalMs);
      total++;
      underWay.set(tenantId, (underWay.get(tenantId) ?? 0) + 1);
      try {
        return await exchange(call, AbortSignal.any([stop, timeout]));
      } catch (error) {
        if (stop.aborted) throw stop.reason;
        throw timeout.aborted ? tooSlow(totalMs) : inWords(error, totalMs);
      } finally {
        total--;
        const left = underWay.get(tenantId)! - 1;
        if (left > 0) underWay.set(tenantId, left);
        else underWay.delete(tenantId);
      }
    },
  };
}

export type Egress = ReturnType<typeof createEgress>;

/** Names by DNS alone, not by the machine's own files; and without the threads that the process has for files. */
async function resolveName(name: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const none = (error: NodeJS.ErrnoException): readonly string[] => {
      if (error.code === 'ENODATA' || error.code === 'ENOTFOUND') return [];
      throw error;
    };
    const [four, six] = await Promise.allSettled([
      resolver.resolve4(name).catch(none),
      resolver.resolve6(name).catch(none),
    ]);
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason;
    return [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function lookupIn(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, options, callback) =>
    options.all ? callback(null, all) : callback(null, all[0]!.address, all[0]!.family);
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** What is behind the bound is not read. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= ANSWER_BYTES) break;
  }
  // The database's text takes every character but this one.
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString('utf8').replaceAll('\0', '\u{fffd}');
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the target refused the connection',
  ECONNRESET: 'the target closed the connection',
  UND_ERR_SOCKET: 'the target closed the connection',
  UND_ERR_HEADERS_OVERFLOW: `the headers of the answer have more than ${ANSWER_HEADER_BYTES} bytes`,
  CERT_HAS_EXPIRED: 'the certificate of the target has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the target is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate of the target is signed by nobody who is known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the target is signed by nobody who is known',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the target is for another name',
};

const tooSlow = (ms: number): EgressError => new EgressError(`no answer within ${ms / 1_000} s`, true);

function inWords(error: unknown, totalMs: number): EgressError {
  if (error instanceof EgressError) return error;
  if (error instanceof CloudError) return new EgressError(error.message, false);
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return new EgressError('the target could not be reached', true);
  if (code.includes('TIMEOUT') || code === 'ETIMEDOUT') return tooSlow(totalMs);
  return new EgressError(WORDS[code] ?? `the target could not be reached (${code})`, true);
}
