/** The parts of an IPv4 network, for people. */
export interface Network {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

export const numberOf = (address: string): number =>
  address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

export const addressOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');

/** Undefined for a text that is not an IPv4 network without host bits. */
export function parseNetwork(text: string): Network | undefined {
  const found = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text.trim());
  const [address, prefix] = [found?.[1] ?? '', Number(found?.[2])];
  if (!found || prefix > 32 || address.split('.').some((octet) => Number(octet) > 255)) return undefined;
  const [first, size] = [numberOf(address), 2 ** (32 - prefix)];
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}

/** The router's address, and the first and last that a resource may have: not those of the network, the router and the broadcast. */
export const rangeOf = ({ first, last }: Network) => ({
  gateway: addressOf(first + 1),
  first: addressOf(first + 2),
  last: addressOf(last - 1),
  usable: last - first - 2,
});

/** Where private networks may lie (RFC 1918). */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** The first private network of this size that overlaps none of those given. Undefined if there is none. */
export function suggestNetwork(taken: readonly string[], prefix = 16): string | undefined {
  const used = taken.flatMap((text) => parseNetwork(text) ?? []).sort((one, other) => one.first - other.first);
  const size = 2 ** (32 - prefix);
  for (const { first, last } of PRIVATE.map((text) => parseNetwork(text)!)) {
    let start = first;
    for (const one of used)
      if (one.first <= start + size - 1 && one.last >= start) start = Math.ceil((one.last + 1) / size) * size;
    if (start + size - 1 <= last) return `${addressOf(start)}/${prefix}`;
  }
  return undefined;
}
