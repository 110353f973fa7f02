import pg from 'pg';
import { hidePassword, SettingsError } from '../setting-readers.ts';
import { OLDEST_POSTGRES } from './postgres-binaries.ts';

const CONNECT_MS = 10_000;

/** What a person can do about it, by Node's code or PostgreSQL's SQLSTATE. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing answers there; start that PostgreSQL, or correct host and port',
  ENOENT: 'no such file; correct the path of the socket folder or certificate',
  ENOTFOUND: 'no such host; correct its name',
  EAI_AGAIN: 'the host name cannot be resolved at the moment; correct it, or try again',
  EHOSTUNREACH: 'no route to that host; correct its name',
  ENETUNREACH: 'no route to that host; correct its name',
  '28P01': 'user or password is wrong',
  '28000': 'the server does not accept this user from here; correct its pg_hba.conf, or use another user',
  '3D000': 'no such database; create it, or correct its name',
  '42501': 'the user lacks the right; use the owner of the database',
  '42P01': "the platform's tables do not exist; run npm run migrate with the owner's DATABASE_URL first",
  '53300': 'the server has no connections left; close some, or raise its max_connections',
  '57P03': 'the server is starting or stopping; try again',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host; correct the host name',
  CERT_HAS_EXPIRED: 'the certificate has expired; renew it',
};

/** The library says these in words only. */
const BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [/does not support SSL/, 'the server does not support TLS; enable it there, or use sslmode=disable'],
  [/password must be a (non-empty )?string/, 'the server requires a password; put one into the URL'],
  [/timeout expired/, `nothing answered within ${CONNECT_MS / 1000} s; correct host and port`],
  [/Connection terminated|Received unexpected/, 'what answers there is not PostgreSQL; correct host and port'],
  [/certificate/i, 'the certificate is not trusted; name its CA with sslrootcert=FILE'],
];

/**
 * Logs in once, before anything is made.
 * @throws SettingsError with one line: the setting, the URL without its password, and what to do.
 */
export async function checkExternalDatabase(url: string, setting = 'DATABASE_URL'): Promise<void> {
  const refuse = explainDatabaseRefusal(url, setting);
  let version: number;
  try {
    version = await askVersion(url);
  } catch (error) {
    return refuse(error, 'cannot be used');
  }
  if (version >= OLDEST_POSTGRES) return;
  throw new SettingsError(
    `${setting}=${hidePassword(url)}: PostgreSQL ${version} is too old; the platform needs ${OLDEST_POSTGRES} or later`,
  );
}

async function askVersion(url: string): Promise<number> {
  // Reads the files that the URL names: may throw at once.
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  // What comes after the answer is no news.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::int / 10000 as version",
    );
    return rows[0]?.version ?? 0;
  } finally {
    await client.end();
  }
}

/**
 * For `catch`: rejects with the line for the person where the error is one of those that a person can mend, and with the error itself
 * where it is not, unless `otherwise` names what such an error means here.
 */
export function explainDatabaseRefusal(
  url: string,
  setting = 'DATABASE_URL',
): (error: unknown, otherwise?: string) => never {
  return (error, otherwise) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // Of a host with several addresses the message is empty.
    const message = (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s+/g, ' ') || code;
    const way = WAYS_OUT[code] ?? BY_WORDS.find(([words]) => words.test(message))?.[1] ?? otherwise;
    if (way === undefined || error instanceof SettingsError) throw error;
    throw new SettingsError(`${setting}=${hidePassword(url)}: ${way} (${message})`);
  };
}
