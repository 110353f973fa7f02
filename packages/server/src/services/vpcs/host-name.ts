/** A host name that engines take: a DNS label, in either case. */
const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const MAX_LENGTH = 63;

/**
 * The host name of an instance, inside of it and (in lower case) for its VPC's name server. A name that is one already stays as it is.
 * Of any other: accents and other marks go (NFKD), lower case, every run of what is neither a to z nor a digit becomes one hyphen, none
 * at the ends, at most 63 characters; where nothing is left, `i-` and the last 12 hex digits of the id.
 *
 * Instances' names are unique by exact spelling only, so two of them may derive the same host name: the name server then answers with
 * the addresses of both.
 */
export function hostNameOf(name: string, instanceId: string): string {
  if (HOST_NAME.test(name)) return name;
  const derived = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, MAX_LENGTH)
    .replace(/-$/, '');
  return derived || `i-${instanceId.replaceAll('-', '').slice(-12).toLowerCase()}`;
}
