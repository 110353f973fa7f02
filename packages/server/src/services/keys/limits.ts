import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Caller, isBound, isPermitted, type KeyLimits } from '../../kernel/caller.ts';
import { forbidden, invalidInput } from '../../kernel/errors.ts';

/** In place of permissions: all that the user's role has. */
export const ALL = '*';

/** Limits as a caller gives them. */
export interface GivenLimits {
  readonly permissions?: readonly string[];
  readonly cidrs?: readonly string[];
  readonly expires_at?: string;
}

const NONE: KeyLimits = { permissions: null, cidrs: null, expires_at: null };

export const limitsOfCaller = (caller: Caller): KeyLimits => (caller.kind === 'user' && caller.limits) || NONE;

/**
 * The limits that a key gets: what is given, over what holds otherwise. Throws INVALID_INPUT for what is no network or has passed, and FORBIDDEN
 * for a permission that the caller does not have.
 */
export function applyLimits(given: GivenLimits, otherwise: KeyLimits, caller: Caller, now: Date): KeyLimits {
  const held = caller.kind === 'user' ? caller.permissions : new Set<string>();
  const { permissions, cidrs, expires_at: end } = given;
  const isAll = permissions?.includes(ALL);
  const missing = isAll ? undefined : permissions?.find((permission) => !isPermitted(held, permission));
  if (missing !== undefined)
    throw forbidden(`you cannot give a key the permission '${missing}', because you do not have it in this tenant`);
  return {
    permissions: isAll ? null : permissions ? [...new Set(permissions)] : otherwise.permissions,
    cidrs: cidrs ? [...new Set(cidrs.map(readNetwork))] : otherwise.cidrs,
    expires_at: end === undefined ? otherwise.expires_at : readEnd(end, now),
  };
}

/**
 * Whether the key is to act in all tenants of its user. Throws INVALID_INPUT for one with permissions, which are chosen for one tenant, and FORBIDDEN
 * if the caller's own key does not.
 */
export function applyReach(
  given: boolean | undefined,
  otherwise: boolean,
  { permissions }: KeyLimits,
  caller: Caller,
): boolean {
  if (permissions && given)
    throw invalidInput('a key with permissions acts in its tenant alone; leave out all_tenants or permissions');
  const reach = permissions === null && (given ?? otherwise);
  if (reach && isBound(caller))
    throw forbidden(
      'this API key acts in its tenant alone, and cannot make or change one that acts in all; use another key or log in',
    );
  return reach;
}

/** Throws FORBIDDEN if a key with these limits could do more than the key that the caller uses. */
export function requireWithin(limits: KeyLimits, caller: Caller): void {
  const own = limitsOfCaller(caller);
  const refuse = (limit: string) =>
    forbidden(`this API key ${limit}, and cannot make or change one that is less limited; use another key or log in`);
  if (own.permissions && !limits.permissions?.every((permission) => own.permissions!.includes(permission)))
    throw refuse(`is limited to ${own.permissions.join(', ')}`);
  if (own.cidrs && !limits.cidrs?.every((cidr) => own.cidrs!.some((outer) => contains(outer, cidr))))
    throw refuse(`works only from ${own.cidrs.join(', ')}`);
  if (own.expires_at && !(limits.expires_at && limits.expires_at <= own.expires_at))
    throw refuse(`expires at ${own.expires_at.toISOString()}`);
}

/** A network in its one form, 10.0.0.0/8; an address is a network of itself. Throws INVALID_INPUT. */
export function readNetwork(text: string): string {
  const [address = '', digits, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  const bits = digits === undefined ? (version === 4 ? 32 : 128) : Number(digits);
  const isPrefix = digits === undefined || /^(?:0|[1-9]\d{0,2})$/.test(digits);
  if (version === 0 || !isPrefix || bits > (version === 4 ? 32 : 128) || rest.length > 0)
    throw invalidInput(`cidrs: '${text}' is not a network; write one like 10.0.0.0/8 or 2001:db8::/32`);
  const plain = `${address}/${bits}`;
  if (version === 6 && ipaddr.IPv6.parse(address).isIPv4MappedAddress())
    throw invalidInput(`cidrs: '${text}' is IPv4 written as IPv6; write it as IPv4`);
  const network = (version === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(plain).toString();
  if (network !== ipaddr.parse(address).toString())
    throw invalidInput(`cidrs: '${text}' has host bits set; did you mean ${network}/${bits}?`);
  return `${network}/${bits}`;
}

function contains(outer: string, inner: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(outer);
  const [address, innerBits] = ipaddr.parseCIDR(inner);
  return network.kind() === address.kind() && innerBits >= bits && address.match([network, bits] as never);
}

function readEnd(text: string, now: Date): Date {
  const end = new Date(text);
  if (end <= now) throw invalidInput(`expires_at '${text}' has passed; choose a later time, or revoke the key`);
  return end;
}
