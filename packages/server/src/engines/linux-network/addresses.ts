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

/** Uplinks of a platform's VPCs; the namespaces are the platform's own, so two platforms may use the same. */
const UPLINK_BASE = toNumber('198.18.0.0');
/** Ways out of the platforms of this host; in the root namespace, so each slot has its own. */
const EGRESS_BASE = toNumber('198.19.0.0');
const UPLINKS = 16_384;

/** What never leaves a VPC: this host, links, the metadata service of a host that is itself in a cloud, our own uplinks, multicast. */
export const FORBIDDEN_DESTINATIONS =
  '{ 0.0.0.0/8, 127.0.0.0/8, 100.100.100.200, 169.254.0.0/16, 192.0.0.192, 198.18.0.0/15, 224.0.0.0/3 }';

/** Azure's wire server, which takes who asks for the host. It is Azure's resolver too: the VPC's own name server may ask it, instances not. */
export const WIRE_SERVER = '168.63.129.16';

export function addressesOf(spec: NetworkSpec): NetworkAddresses {
  const [base, digits] = spec.cidr.split('/');
  const prefix = Number(digits);
  const number = toNumber(base ?? '');
  const fits = Number.isInteger(prefix) && prefix >= 16 && prefix <= 28 && number % 2 ** (32 - prefix) === 0;
  if (!fits || !isPrivate(number))
    throw new EngineError('invalid', `a VPC cannot have the CIDR ${JSON.stringify(spec.cidr)}: RFC 1918, /16 to /28`);
  if (!Number.isInteger(spec.uplinkIndex) || spec.uplinkIndex < 0 || spec.uplinkIndex >= UPLINKS) {
    throw new EngineError('invalid', `an uplink index is 0 to ${UPLINKS - 1}, not ${spec.uplinkIndex}`);
  }
  const uplink = UPLINK_BASE + spec.uplinkIndex * 4;
  return {
    cidr: spec.cidr,
    prefix,
    gateway: toText(number + 1),
    edgeSide: toText(uplink + 1),
    routerSide: toText(uplink + 2),
  };
}

/** Both ends of a platform's way out: the host's and the edge's. */
export function egressAddresses(slot: number): { readonly host: string; readonly edge: string } {
  return { host: toText(EGRESS_BASE + slot * 4 + 1), edge: toText(EGRESS_BASE + slot * 4 + 2) };
}

/** NaN where it is no IPv4 address. */
function toNumber(text: string): number {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255))
    return Number.NaN;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export const isAddress = (text: string): boolean => !Number.isNaN(toNumber(text));

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function isPrivate(number: number): boolean {
  const within = (base: string, prefix: number): boolean =>
    Math.floor(number / 2 ** (32 - prefix)) === Math.floor(toNumber(base) / 2 ** (32 - prefix));
  return within('10.0.0.0', 8) || within('172.16.0.0', 12) || within('192.168.0.0', 16);
}
