import { invalidInput } from '../../kernel/errors.ts';

const HOST = /^(?:[a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_.])?|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;

/**
 * What URLs in answers begin with: the host as this client wrote it, because another name may not lead here from where it is. The signature
 * covers the Host, so nobody else has written it.
 */
export function baseUrlOf(scheme: 'http' | 'https', host: string | undefined): string {
  if (host === undefined || !HOST.test(host))
    throw invalidInput(`the Host header '${(host ?? '').slice(0, 260)}' is not a host name with an optional port`);
  return `${scheme}://${host}`;
}
