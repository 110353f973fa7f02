import { isIP } from 'node:net';
import { invalidInput } from '../errors.ts';
import { mayReach, ownAddresses } from './addresses.ts';

const WELL_KNOWN = new Set(['80', '443']);
/** Below it are the ports of services like mail and SSH, which take lines of HTTP for commands. */
const FIRST_FREE_PORT = 1024;
const MOST_HEADERS = 20;
const MOST_HEADER_BYTES = 8_192;
/** What the connection itself says, or what would speak for somebody else. */
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'te',
  'trailer',
  'expect',
  'http2-settings',
]);

/** An address as it is written in a URL. */
export const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

/** Reads the URL of a call. Throws INVALID_INPUT that names the member. */
export function readTargetUrl(member: string, text: string, allowed: readonly string[]): URL {
  const wrong = (words: string) => invalidInput(`${member} '${text.slice(0, 100)}' ${words}`);
  if (!URL.canParse(text)) throw wrong('is not a URL; write it like https://example.com/path');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw wrong('begins with neither http:// nor https://');
  // Without the URL: it holds a password.
  if (url.username || url.password) throw invalidInput(`${member} has a user or a password in it; use a header`);
  if (url.port !== '' && !WELL_KNOWN.has(url.port) && Number(url.port) < FIRST_FREE_PORT)
    throw wrong(`has the port ${url.port}; use 80, 443, or one from ${FIRST_FREE_PORT} on`);
  const host = bare(url.hostname);
  if (isIP(host) !== 0 && !mayReach(host, allowed, ownAddresses()))
    throw wrong('leads to an address that is not public; the operator can allow networks (CLOUD_CALL_NETWORKS)');
  url.hash = '';
  return url;
}

/** Throws INVALID_INPUT for headers that cannot be sent, or not by a caller. */
export function checkHeaders(member: string, headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers);
  if (entries.length > MOST_HEADERS)
    throw invalidInput(`${member}: ${entries.length} headers; at most ${MOST_HEADERS}`);
  let bytes = 0;
  for (const [name, value] of entries) {
    const shown = name.slice(0, 60);
    if (!/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) throw invalidInput(`${member}: '${shown}' is not a header's name`);
    if (OWN_HEADERS.has(name.toLowerCase()) || name.toLowerCase().startsWith('proxy-'))
      throw invalidInput(`${member}: the platform sets '${shown}' itself; leave it out`);
    if (!/^[\t\x20-\x7e]*$/.test(value))
      throw invalidInput(`${member}: the value of '${shown}' has characters that headers cannot have; use ASCII`);
    bytes += name.length + value.length;
  }
  if (bytes > MOST_HEADER_BYTES) throw invalidInput(`${member} have ${bytes} bytes; at most ${MOST_HEADER_BYTES}`);
}
