import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, tenantIdOf } from '../../kernel/caller.ts';
import { CloudError, notFound, unauthorized } from '../../kernel/errors.ts';
import { CURRENT_TENANT } from '../../kernel/operation.ts';
import type { Entry } from '../../kernel/registry.ts';
import type { Authenticator, Freshness } from '../../services/identity/index.ts';
import { soundAddress } from '../caller-address.ts';
import { type Rates, takeFrom } from '../limits.ts';
import { endSession, sessionKeyOf } from './console-session.ts';
import { spend } from './rate-headers.ts';

/** The key of a request: `X-API-Key`, `Authorization: Bearer`, or the session of the web console. */
export function keyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const authorization = request.headers.authorization;
  if (authorization === undefined) return sessionKeyOf(request);
  const match = /^Bearer\s+(\S+)$/i.exec(authorization);
  if (!match) throw unauthorized('the Authorization header must have the form: Bearer <API key>');
  return match[1];
}

/** The tenant that a request names. */
export function tenantOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-tenant-id'];
  return typeof header === 'string' && header !== '' ? header : undefined;
}

/** Whose key it is that came, for the tenant that is named. Throws what the authenticator throws. */
export async function lookUpCaller(
  request: FastifyRequest,
  reply: FastifyReply,
  authenticator: Authenticator,
  freshness: Freshness,
): Promise<Caller> {
  const key = keyOf(request);
  if (key === undefined) return { kind: 'anonymous' };
  try {
    return await authenticator.authenticate(key, tenantOf(request), freshness, addressOf(request));
  } catch (error) {
    const isDead = error instanceof CloudError && error.status === 401;
    if (isDead && key === sessionKeyOf(request)) endSession(request, reply);
    throw error;
  }
}

export const addressOf = (request: FastifyRequest): string => soundAddress(request.ip, request.raw.socket);

/**
 * Who calls, within the limits of rate. Throws RATE_LIMITED before the key is looked up, else what the authenticator throws. `onLookup`
 * hears what came of a look-up.
 */
export async function callerOf(
  request: FastifyRequest,
  reply: FastifyReply,
  authenticator: Authenticator,
  limits: Pick<Rates, 'perKey' | 'perTenant' | 'tenantOf' | 'strangers'>,
  freshness: Freshness,
  onLookup: (result: 'success' | 'failure' | 'anonymous') => void = () => undefined,
): Promise<Caller> {
  const address = addressOf(request);
  const key = keyOf(request);
  if (key === undefined) {
    takeFrom(limits.strangers.of(address));
    onLookup('anonymous');
    return { kind: 'anonymous' };
  }
  const own = limits.perKey.known(key);
  const stranger = own ? undefined : limits.strangers.of(address);
  if (own) spend(reply, own, 'with this key');
  else takeFrom(stranger!);
  const caller = await lookUpCaller(request, reply, authenticator, freshness).catch((error: unknown) => {
    onLookup('failure');
    // A failed lookup does not count against the caller.
    if (!(error instanceof CloudError) || error.status >= 500) stranger?.give();
    throw error;
  });
  onLookup('success');
  stranger?.give();
  // The AWS door knows a key by its id: both doors count together.
  const ofKey = own ?? limits.perKey.join(key, caller.kind === 'user' ? caller.keyId : key);
  if (!own) spend(reply, ofKey, 'with this key');
  const tenantId = tenantIdOf(caller);
  if (tenantId !== undefined) limits.tenantOf.set(ofKey, tenantId);
  if (tenantId !== undefined) spend(reply, limits.perTenant.of(tenantId), 'of this tenant', ofKey);
  return caller;
}

/** What can be the id or the slug of a tenant; the rest is for the input's schema to refuse. */
const TENANT_REF = /^[A-Za-z0-9-]{1,100}$/;

/**
 * The caller in the tenant that the path names, or in the active one for `current`. Throws NOT_FOUND for a tenant of which the caller is not a member.
 * Whatever else stands there, the operation then finds that it is not the active tenant.
 */
export async function enterTenant(
  entry: Entry,
  request: FastifyRequest,
  caller: Caller,
  authenticator: Authenticator,
  freshness: Freshness,
): Promise<Caller> {
  const { tenant: param } = entry.descriptor;
  if (param === undefined || caller.kind !== 'user') return caller;
  const ref = (request.params as Readonly<Record<string, string>>)[param] ?? '';
  if (ref === CURRENT_TENANT || ref === caller.tenantId || !TENANT_REF.test(ref)) return caller;
  const tenantId = await authenticator.findTenant(caller, ref);
  if (tenantId === undefined) throw notFound('tenant', ref);
  return tenantId === caller.tenantId
    ? caller
    : authenticator.authenticate(keyOf(request)!, tenantId, freshness, addressOf(request));
}
