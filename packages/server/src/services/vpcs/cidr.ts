import ipaddr from 'ipaddr.js';
import { invalidInput } from '../../kernel/errors.ts';

/** The network of a VPC that is created without one. */
export const DEFAULT_CIDR = '10.0.0.0/16';

/** A VPC's network: its first and its last address. */
export interface Cidr {
  readonly network: ipaddr.IPv4;
  readonly broadcast: ipaddr.IPv4;
  readonly prefix: number;
}

/** Reads a VPC's CIDR: RFC 1918, /16 to /28, no host bits, no leading zeros. Throws INVALID_INPUT that says what would do. */
export function parseVpcCidr(text: string): Cidr {
  // Some readers take 010 for eight: what is kept and passed on is written in one way only.
  const plain = text.replaceAll(/\b0+(?=\d)/g, '');
  const [address = '', digits] = plain.split('/');
  if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(text) || !ipaddr.IPv4.isValid(address)) {
    throw invalidInput(`cidr_block '${text}' is not an IPv4 network like 10.0.0.0/16`);
  }
  const prefix = Number(digits);
  if (prefix < 16 || prefix > 28) throw invalidInput(`cidr_block '${text}': the prefix must be between /16 and /28`);
  if (text !== plain) throw invalidInput(`cidr_block '${text}' has leading zeros; write ${plain}`);
  const network = ipaddr.IPv4.networkAddressFromCIDR(plain);
  const meant = `${network.toString()}/${prefix}`;
  if (meant !== plain) throw invalidInput(`cidr_block '${text}' has host bits set; did you mean ${meant}?`);
  if (network.range() !== 'private') {
    throw invalidInput(
      `cidr_block '${text}' is not private; choose one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16`,
    );
  }
  return { network, broadcast: ipaddr.IPv4.broadcastAddressFromCIDR(plain), prefix };
}

/** Nothing is carried: up to /28 the last octet of a network is at most 240, that of its broadcast address at least 15. */
const beside = (address: ipaddr.IPv4, by: number): string => address.octets.with(3, address.octets[3]! + by).join('.');

/** The router's address: the first host address. */
export const gatewayOf = (cidr: Cidr): string => beside(cidr.network, 1);

/** The first and the last address that an instance may have: neither network, gateway nor broadcast. */
export const hostRange = (cidr: Cidr): { readonly first: string; readonly last: string } => ({
  first: beside(cidr.network, 2),
  last: beside(cidr.broadcast, -1),
});
