import { isIPv4, isIPv6 } from 'node:net';

/** The eight groups of an IPv6 address, without leading zeros. */
export function wholeOf(address: string): readonly string[] {
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

/** The network next to a source, which often has one owner: the /24 of an IPv4 address, the /48 of an IPv6 address (RFC 6177: the most of one site). */
export function networkOf(address: string): string {
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
  return isIPv6(address) ? `${wholeOf(address).slice(0, 3).join(':')}::/48` : address;
}
