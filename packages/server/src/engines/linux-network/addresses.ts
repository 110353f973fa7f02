import ipaddr from 'ipaddr.js';
import { EngineError } from '../../kernel/engine-error.ts';
import type { NetworkSpec } from '../../services/vpcs/network-engine.ts';

/** The addresses of one VPC's network, all derived from its spec. */
export interface NetworkAddresses {
  readonly cidr: string;
  readonly prefix: number;
  /** First host address: the router's on the VPC's side. */
  readonly gateway: string;
  /** The uplink's two ends, out of 198.18.0.0/16. */
  readonly edgeSide: string;
  readonly routerSide: string;
}

/** An address of a /16 that is cut into slots of four addresses; `offset` 1 and 2 are the two ends of a link. */
const inSlot = (network: string, slot: number, offset: number): string => {
  const place = slot * 4 + offset;
  return `${network}.${place >> 8}.${place & 255}`;
};
/** Uplinks of a platform's VPCs; the namespaces are the platform's own, so two platforms may use the same. */
const UPLINK_NETWORK = '198.18';
/** Ways out of the platforms of this host; in the root namespace, so each slot has its own. */
const EGRESS_NETWORK = '198.19';
const UPLINKS = 16_384;

/** What never leaves a VPC: this host, links, the metadata service of a host that is itself in a cloud, our own uplinks, multicast. */
export const FORBIDDEN_DESTINATIONS =
  '{ 0.0.0.0/8, 127.0.0.0/8, 100.100.100.200, 169.254.0.0/16, 192.0.0.192, 198.18.0.0/15, 224.0.0.0/3 }';

/** Azure's wire server, which takes who asks for the host. It is Azure's resolver too: the VPC's own name server may ask it, instances not. */
export const WIRE_SERVER = '168.63.129.16';

export function addressesOf(spec: NetworkSpec): NetworkAddresses {
  const network = networkOf(spec.cidr);
  if (network === undefined)
    throw new EngineError('invalid', `a VPC cannot have the CIDR ${JSON.stringify(spec.cidr)}: RFC 1918, /16 to /28`);
  if (!Number.isInteger(spec.uplinkIndex) || spec.uplinkIndex < 0 || spec.uplinkIndex >= UPLINKS) {
    throw new EngineError('invalid', `an uplink index is 0 to ${UPLINKS - 1}, not ${spec.uplinkIndex}`);
  }
  const [address, prefix] = network;
  return {
    cidr: spec.cidr,
    prefix,
    // Nothing is carried: the last octet of such a network is at most 240.
    gateway: address.octets.with(3, address.octets[3]! + 1).join('.'),
    edgeSide: inSlot(UPLINK_NETWORK, spec.uplinkIndex, 1),
    routerSide: inSlot(UPLINK_NETWORK, spec.uplinkIndex, 2),
  };
}

/** Both ends of a platform's way out: the host's and the edge's. */
export function egressAddresses(slot: number): { readonly host: string; readonly edge: string } {
  return { host: inSlot(EGRESS_NETWORK, slot, 1), edge: inSlot(EGRESS_NETWORK, slot, 2) };
}

export const isAddress = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text);

/** Address and prefix of what a VPC may have: RFC 1918, /16 to /28, no host bits. */
function networkOf(cidr: string): [ipaddr.IPv4, number] | undefined {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) return undefined;
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const isNetwork = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString() === address.toString();
  return isNetwork && prefix >= 16 && prefix <= 28 && address.range() === 'private' ? [address, prefix] : undefined;
}
