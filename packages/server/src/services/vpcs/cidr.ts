import { invalidInput } from '../../kernel/errors.ts';

/** An IPv4 network as numbers. */
export interface Cidr {
  /** Network address, 0 to 2^32 - 1. */
  readonly base: number;
  readonly prefix: number;
}

const toNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const toText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

const PRIVATE: readonly (readonly [number, number])[] = [
  [toNumber('10.0.0.0'), 8],
  [toNumber('172.16.0.0'), 12],
  [toNumber('192.168.0.0'), 16],
];

const sizeOf = (prefix: number): number => 2 ** (32 - prefix);

/** Reads a VPC's CIDR: RFC 1918, /16 to /28, no host bits, no leading zeros. Throws INVALID_INPUT that says what would do. */
export function parseVpcCidr(text: string): Cidr {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match || match.slice(1, 5).some((part) => Number(part) > 255)) {
    throw invalidInput(`cidr_block '${text}' is not an IPv4 network like 10.0.0.0/16`);
  }
  const prefix = Number(match[5]);
  if (prefix < 16 || prefix > 28) throw invalidInput(`cidr_block '${text}': the prefix must be between /16 and /28`);
  const address = toNumber(match.slice(1, 5).join('.'));
  // Some readers take 010 for eight: what is kept and passed on is written in one way only.
  if (text !== `${toText(address)}/${prefix}`)
    throw invalidInput(`cidr_block '${text}' has a number with leading zeros; write ${toText(address)}/${prefix}`);
  const base = address - (address % sizeOf(prefix));
  if (base !== address)
    throw invalidInput(`cidr_block '${text}' has host bits set; did you mean ${toText(base)}/${prefix}?`);
  if (!PRIVATE.some(([network, length]) => base >= network && base < network + sizeOf(length))) {
    throw invalidInput(`cidr_block '${text}' is not private; take it from 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`);
  }
  return { base, prefix };
}

/** The router's address: the first host address. */
export const gatewayOf = (cidr: Cidr): string => toText(cidr.base + 1);

/** The first and the last address that an instance may have: neither network, gateway nor broadcast. */
export const hostRange = (cidr: Cidr): { readonly first: string; readonly last: string } => ({
  first: toText(cidr.base + 2),
  last: toText(cidr.base + sizeOf(cidr.prefix) - 2),
});
