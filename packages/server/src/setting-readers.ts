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

/** A URL as it may be shown: a password is not for a terminal or a log, however it was mistyped. */
export function hidePassword(url: string): string {
  return url.replace(/^(\w+:\/\/)?.*@/s, '$1***@').replace(/\bpassword=[^&\s]*/gi, 'password=***');
}
