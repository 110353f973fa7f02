import type { IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import proxyAddress from '@fastify/proxy-addr';

/** The caller's address: what a trusted proxy says, where that is an address, or else the other end of the connection. */
export function soundAddress(claimed: string | undefined, socket: Socket): string {
  // 45 characters are the longest address; a zone behind it could be of any length.
  return claimed !== undefined && isIP(claimed) && claimed.length <= 45 ? claimed : (socket.remoteAddress ?? 'unknown');
}

/** Finds it as Fastify does, for a listener without Fastify. */
export function createAddressOf(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return (request) => soundAddress(undefined, request.socket);
  const isTrusted = proxyAddress.compile([...trustedProxies]);
  return (request) => soundAddress(proxyAddress(request, isTrusted), request.socket);
}
