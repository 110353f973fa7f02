import { isIP } from 'node:net';

/** How one setting's text becomes a value. Each reader throws SettingsError with what is allowed. */

/** A setting, or the machine the settings meet, does not fit. The message is one line for the person who starts the platform. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export type Reader<T> = (given: string) => T;

export interface Address {
  /** As written, IPv6 without brackets. */
  readonly host: string;
  /** 0: any free port (tests). */
  readonly port: number;
}

/** An empty setting stays undefined: the loader does not call its reader. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return read;
}

export function choice<T extends string>(...allowed: readonly T[]): Reader<T> {
  return (given) => {
    const found = allowed.find((word) => word === given);
    if (found === undefined) throw new SettingsError(`must be one of ${allowed.join(', ')}`);
    return found;
  };
}

export function wholeBetween(low: number, high: number): Reader<number> {
  return (given) => {
    const value = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (!(value >= low && value <= high)) throw new SettingsError(`must be a whole number from ${low} to ${high}`);
    return value;
  };
}

export function numberBetween(low: number, high: number): Reader<number> {
  return (given) => {
    const value = /^\d+(\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
    if (!(value >= low && value <= high)) throw new SettingsError(`must be a number from ${low} to ${high}`);
    return value;
  };
}

export function text(pattern: RegExp, allowed: string): Reader<string> {
  return (given) => {
    if (!pattern.test(given)) throw new SettingsError(`must be ${allowed}`);
    return given;
  };
}

/** A path that leaves room for what is put below it where the system limits the length. */
export function pathOfBytes(longest: number): Reader<string> {
  return (given) => {
    if (!given.startsWith('/')) throw new SettingsError('must be an absolute path');
    const length = Buffer.byteLength(given);
    if (length > longest) {
      throw new SettingsError(`must have at most ${longest} bytes (this has ${length}), for sockets lie below it`);
    }
    return given;
  };
}

export function readAddress(given: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) {
    throw new SettingsError('must be host:port, as 127.0.0.1:8080 or [::1]:8080');
  }
  return Object.freeze({ host, port });
}

/** Undefined: nowhere. */
export const readAddressOrOff: Reader<Address | undefined> = (given) =>
  given.toLowerCase() === 'off' ? undefined : readAddress(given);

/** Not the network of all addresses: anybody could then say to be anybody. */
export function readNetworks(given: string): readonly string[] {
  const parts = given.split(',').map((part) => part.trim());
  for (const part of parts) {
    const [address = '', bits, ...more] = part.split('/');
    const longest = { 4: 32, 6: 128 }[isIP(address)];
    const isNetwork =
      bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && longest !== undefined && Number(bits) <= longest);
    if (longest === undefined || address.includes('%') || more.length > 0 || !isNetwork) {
      throw new SettingsError('must be addresses or networks, separated by commas, as 127.0.0.1,10.0.0.0/8');
    }
  }
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
  const url = URL.parse(whole);
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

export function readSwitch(given: string): boolean {
  if (/^(on|1|true|yes)$/i.test(given)) return true;
  if (/^(off|0|false|no)$/i.test(given)) return false;
  throw new SettingsError('must be on or off');
}
