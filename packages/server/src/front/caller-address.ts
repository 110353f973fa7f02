import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6, type Socket } from 'node:net';
import proxyAddress from '@fastify/proxy-addr';

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

/** The eight groups of an IPv6 address, without leading zeros. */
function wholeOf(address: string): readonly string[] {
  // The parser of URLs knows every way to write one; it takes no zone.
  const [head = '', tail] = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}

/**
 * Whose address it is, for limits: an IPv4 address is one caller's; of IPv6 each caller has at least a /64 (RFC 6177), and any of its 2^64
 * addresses is theirs to choose.
 */
export function sourceOf(address: string): string {
  return isIPv6(address) ? `${wholeOf(address).slice(0, 4).join(':')}::/64` : address;
}

/** Finds it as Fastify does, for a listener without Fastify. */
export function createAddressOf(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return (request) => soundAddress(undefined, request.socket);
  const isTrusted = proxyAddress.compile([...trustedProxies]);
  return (request) => soundAddress(proxyAddress(request, isTrusted), request.socket);
}
