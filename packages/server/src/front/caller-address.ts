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

/** What a request says of its client, where proxies stand in between. As Fastify finds it, for a listener without Fastify. */
export interface ClientSide {
  addressOf(request: IncomingMessage): string;
  /** `https` also if a trusted proxy in front of this listener ended the TLS connection. */
  schemeOf(request: IncomingMessage): 'http' | 'https';
}

/** Whether an address is one of the trusted proxies'. Undefined if none is. */
export const trustIn = (trustedProxies: readonly string[]): ((address: string, hop: number) => boolean) | undefined =>
  trustedProxies.length > 0 ? proxyAddress.compile([...trustedProxies]) : undefined;

export function createClientSide(trustedProxies: readonly string[]): ClientSide {
  const isTrusted = trustIn(trustedProxies);
  return {
    addressOf: (request) => soundAddress(isTrusted && proxyAddress(request, isTrusted), request.socket),
    schemeOf(request) {
      if ('encrypted' in request.socket) return 'https';
      const { remoteAddress } = request.socket;
      if (!isTrusted || remoteAddress === undefined || !isTrusted(remoteAddress, 0)) return 'http';
      // The proxy next to us adds the last one.
      const claimed = request.headers['x-forwarded-proto']?.toString().split(',').at(-1);
      return claimed?.trim() === 'https' ? 'https' : 'http';
    },
  };
}
