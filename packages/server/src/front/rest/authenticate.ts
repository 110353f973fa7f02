import type { FastifyRequest } from 'fastify';
import type { Caller } from '../../kernel/caller.ts';
import { unauthorized } from '../../kernel/errors.ts';
import type { Authenticator } from '../../services/identity/index.ts';

/** The key of a request: `X-API-Key`, or `Authorization: Bearer`. */
export function keyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string' && header !== '') return header;
  const authorization = request.headers.authorization;
  if (authorization === undefined) return undefined;
  const match = /^Bearer\s+(\S+)$/i.exec(authorization);
  if (!match) throw unauthorized('the Authorization header must read: Bearer <API key>');
  return match[1];
}

export async function callerOf(request: FastifyRequest, authenticator: Authenticator): Promise<Caller> {
  const key = keyOf(request);
  if (key === undefined) return { kind: 'anonymous' };
  const tenant = request.headers['x-tenant-id'];
  return authenticator.authenticate(key, typeof tenant === 'string' && tenant !== '' ? tenant : undefined);
}
