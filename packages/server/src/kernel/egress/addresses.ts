import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Addresses that are public by their range, and of a cloud provider's machine below this one: metadata and keys. */
const PROVIDERS = new Set(['168.63.129.16']);
/** What is assigned to networks of the Internet. `::7f00:1` and others outside of it are old forms of IPv4 addresses. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** The gateway that DNS64 leads to: the last 32 bits are the IPv4 address that is reached. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** The address that is reached in the end: IPv4 in the clothes of IPv6 is undressed. */
function reached(address: Address): Address {
  if (!(address instanceof ipaddr.IPv6)) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.match(NAT64)) return new ipaddr.IPv4(address.toByteArray().slice(12));
  return address;
}

const isPublic = (address: Address): boolean =>
  address.range() === 'unicast' &&
  !PROVIDERS.has(address.toString()) &&
  (!(address instanceof ipaddr.IPv6) || address.match(GLOBAL_IPV6));

/** The addresses of this machine, public ones too: what listens there may trust who comes from here. */
export const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address.split('%')[0]!) ?? []);

/**
 * Whether calls of tenants may reach an address: one of the Internet that is not this machine's, or one that the operator allows. Anything that is not an
 * address in its usual form is not.
 */
export function mayReach(text: string, allowed: readonly string[], own: readonly string[]): boolean {
  if (isIP(text) === 0 || text.includes('%')) return false;
  const address = reached(ipaddr.parse(text));
  const isIn = (network: string): boolean => {
    const [base, bits] = ipaddr.parseCIDR(
      network.includes('/') ? network : `${network}/${isIP(network) === 4 ? 32 : 128}`,
    );
    return (
      base.kind() === address.kind() && address.match([base, bits] as [ipaddr.IPv4, number] & [ipaddr.IPv6, number])
    );
  };
  if (allowed.some(isIn)) return true;
  return (
    isPublic(address) &&
    !own.some((one) => isIP(one) !== 0 && reached(ipaddr.parse(one)).toString() === address.toString())
  );
}
