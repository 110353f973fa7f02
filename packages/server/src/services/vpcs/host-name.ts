import { invalidInput } from '../../kernel/errors.ts';

const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const MAX_LENGTH = 63;
/** What resolvers take for an address before they ask a name server: `ping 42` goes to 0.0.0.42. */
const NUMBER = /^(\d+|0x[0-9a-f]+)$/;
/** Names that already mean something inside an instance or in its VPC. */
const RESERVED: readonly string[] = ['gateway', 'localhost', 'router'];

/**
 * The host name that follows from a name: what an instance is called inside, and in lower case, as always, in its VPC's DNS. Accents and other
 * marks go (NFKD); every run of what is neither a to z nor a digit becomes one hyphen, none at the ends; at most 63 characters. A number gets
 * `i-` in front. Where nothing is left: `i-` and the last 12 hex digits of the id.
 *
 * Two names can give the same host name (`Web` and `web`, `a_b` and `a-b`): see attachInterface.
 */
export function hostNameOf(name: string, ownerId: string): string {
  const derived = HOST_NAME.test(name) ? name.toLowerCase() : derive(name);
  if (derived === '') return `i-${ownerId.replaceAll('-', '').slice(-12).toLowerCase()}`;
  return NUMBER.test(derived) ? `i-${derived}`.slice(0, MAX_LENGTH) : derived;
}

const derive = (name: string): string =>
  name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, MAX_LENGTH)
    .replace(/-$/, '');

/** Throws INVALID_INPUT for a name whose host name is reserved. */
export function refuseReservedName(name: string, hostName: string): void {
  if (RESERVED.includes(hostName))
    throw invalidInput(`name '${name}' gives the host name '${hostName}', which is reserved; choose another name`);
}
