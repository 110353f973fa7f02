import { isIP } from 'node:net';

/** Readers of the settings that a schema cannot describe. Each throws SettingsError with what is allowed. */

/** A setting, or the machine the settings meet, does not fit. The message is one line for the person who starts the platform. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export interface Address {
  /** As written, IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port (tests). */
  readonly port: number;
}

export function readAddress(given: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) {
    throw new SettingsError('must be host:port, for example 127.0.0.1:8080 or [::1]:8080');
  }
  return Object.freeze({ host, port });
}

/** Undefined: nowhere. */
export const readAddressOrOff = (given: string): Address | undefined =>
  given.toLowerCase() === 'off' ? undefined : readAddress(given);

/** Without a zone, which names a link of one machine. */
const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%');

const isNetwork = (text: string): boolean => {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (!isAddress(address) || !/^[1-9]\d{0,2}$/.test(bits) || rest.length > 0) return false;
  return Number(bits) <= (isIP(address) === 4 ? 32 : 128);
};

/** None where nothing is given. Not the network of all addresses: anybody could then say to be anybody. */
export function readNetworks(given: string): readonly string[] {
  if (given === '') return Object.freeze([]);
  const parts = given.split(',').map((part) => part.trim());
  if (!parts.every((part) => isAddress(part) || isNetwork(part)))
    throw new SettingsError('must be addresses or networks, separated by commas, for example 127.0.0.1,10.0.0.0/8');
  return Object.freeze(parts);
}

/** None where nothing is given. Not `*`: each page that may call is named. */
export function readOrigins(given: string): readonly string[] {
  if (given === '') return Object.freeze([]);
  const parts = given.split(',').map((part) => part.trim());
  const isOrigin = (text: string) => /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
  const wrong = parts.find((part) => !isOrigin(part));
  if (wrong !== undefined)
    throw new SettingsError(
      `must be origins, separated by commas, for example https://console.example.com,http://localhost:5173; '${wrong.slice(0, 100)}' is not the scheme, host and port of a page`,
    );
  return Object.freeze(parts);
}

/** None where nothing is given. Names alone: addresses are always taken, and a port does not matter. */
export function readHosts(given: string): readonly string[] {
  if (given === '') return Object.freeze([]);
  const parts = given.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(part));
  if (wrong !== undefined)
    throw new SettingsError(
      `must be host names, separated by commas, for example cloud.example.com,cloud.lan; '${wrong.slice(0, 100)}' is not a host name`,
    );
  return Object.freeze(parts);
}

/** All that check the server's certificate check it wholly, as the client library does; libpq's weaker senses of them are not for a cloud. */
const CHECKED_SSL_MODES = ['prefer', 'require', 'verify-ca', 'verify-full'];
const SSL_MODES = ['disable', 'no-verify', ...CHECKED_SSL_MODES];

export function readDatabaseUrl(given: string): string {
  const allowed = 'must be postgres://user:password@host:port/database, with ?sslmode=… where wanted';
  if (!/^postgres(ql)?:\/\//.test(given)) throw new SettingsError(allowed);
  // With a socket's folder as ?host=… none stands in front, as libpq writes it; not every reader of URLs takes that.
  const whole = given.replace(/^(\w+:\/\/(?:[^/?#]*@)?)(?=\/)/, '$1localhost');
  // Node 20, which reads settings before there is a later one, has no URL.parse.
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url || url.pathname.length < 2) throw new SettingsError(allowed);
  const mode = url.searchParams.get('sslmode');
  if (mode === null) return whole;
  if (!SSL_MODES.includes(mode)) throw new SettingsError(`sslmode must be one of ${SSL_MODES.join(', ')}`);
  if (!CHECKED_SSL_MODES.includes(mode) || url.searchParams.has('uselibpqcompat')) return whole;
  // Said as it is meant: the library warns at length that the other names will mean less one day.
  return whole.replace(/([?&]sslmode=)[^&#]*/, '$1verify-full');
}

/** Credentials are percent-encoded, as in every URL. */
export function readSmtpUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isWhole = url !== undefined && url.hostname !== '' && (url.username === '') === (url.password === '');
  if (!isWhole || !['smtp:', 'smtps:'].includes(url.protocol) || !['', '/'].includes(url.pathname) || url.search !== '')
    throw new SettingsError('must be smtp://user:password@host:port or smtps://user:password@host:port');
  return given;
}

export function readMailFrom(given: string): string {
  // One line: a setting's control characters would begin another header.
  if (!/^(?:[^<>@\p{Cc}"]+ <[^\s<>@\p{Cc}"]+@[^\s<>@\p{Cc}"]+>|[^\s<>@\p{Cc}"]+@[^\s<>@\p{Cc}"]+)$/u.test(given))
    throw new SettingsError('must be an address such as cloud@example.com or The Cloud <cloud@example.com>');
  return given;
}

/** Without a slash at the end. */
export function readPublicUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (
    !url ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new SettingsError('must be an http or https URL such as https://cloud.example.com');
  return url.href.replace(/\/+$/, '');
}

/** A URL as it may be shown: a password is not for a terminal or a log, however it was mistyped. */
export function hidePassword(url: string): string {
  return url.replace(/^(\w+:\/\/)?.*@/s, '$1***@').replace(/\bpassword=[^&\s]*/gi, 'password=***');
}
