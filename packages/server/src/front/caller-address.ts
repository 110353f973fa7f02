import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6, type Socket } from 'node:net';
import proxyAddress from '@fastify/proxy-addr';
import { wholeOf } from '../kernel/source.ts';

/**
 * The caller's address: what a trusted proxy says, where that is an address, or else the other end of the connection. One address has one
 * form: an IPv4 address that came mapped into IPv6 is IPv4, and no zone stands behind it.
 */
export function soundAddress(claimed: string | undefined, socket: Socket): string {
  const address = claimed !== undefined && isIP(claimed) ? claimed : (socket.remoteAddress ?? 'unknown');
  return isIPv6(address) ? plain(address) : address;
}

const plain = (address: string): string => {
  const whole = wholeOf(address);
  if (!whole.slice(0, 5).every((group) => group === '0') || whole[5] !== 'ffff') return address.split('%')[0]!;
  const [high, low] = [Number.parseInt(whole[6]!, 16), Number.parseInt(whole[7]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
};

/** Finds it as Fastify does, for a listener without Fastify. */
export function createAddressOf(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return (request) => soundAddress(undefined, request.socket);
  const isTrusted = proxyAddress.compile([...trustedProxies]);
  return (request) => soundAddress(proxyAddress(request, isTrusted), request.socket);
}
