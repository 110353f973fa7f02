import { type ClientOptions, createTransport, type Transport } from '@thecloud/sdk';
import { EXIT, Failure, usage } from '../failure.ts';
import { VERSION } from '../version.ts';
import type { World } from '../world.ts';
import { type ConfigFile, type Profile, readConfig } from './config-file.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:8080';

/** Options that any command takes. */
export interface GlobalOptions {
  readonly output?: 'table' | 'json' | 'yaml';
  readonly quiet?: boolean;
  readonly profile?: string;
  readonly endpoint?: string;
  readonly tenant?: string;
}

/** The platform and the key that a command uses. */
export interface Session {
  readonly endpoint: string;
  readonly profileName: string;
  readonly apiKey: string | undefined;
  readonly tenantId: string | undefined;
  /** Why there is no key, if that may surprise. */
  readonly noKeyBecause: string | undefined;
}

/** Options override the environment, which overrides the config file. */
export function openSession(world: World, options: GlobalOptions): Session {
  const { env } = world;
  const config = readConfig(world);
  const profileName = profileNameOf(world, options, config);
  const profile: Profile | undefined = Object.hasOwn(config.profiles, profileName)
    ? config.profiles[profileName]
    : undefined;
  const endpoint = readEndpoint(options.endpoint || env.CLOUD_ENDPOINT || profile?.endpoint || DEFAULT_ENDPOINT);
  // A profile's key is sent only to the profile's platform.
  const keyFits = profile !== undefined && trim(profile.endpoint) === endpoint;
  return {
    endpoint,
    profileName,
    apiKey: env.CLOUD_API_KEY || (keyFits ? profile.api_key : undefined),
    tenantId: options.tenant || env.CLOUD_TENANT_ID || (keyFits ? profile.tenant_id : undefined),
    noKeyBecause: whyNoKey(),
  };

  function whyNoKey(): string | undefined {
    if (profile?.api_key && !keyFits) return `the profile '${profileName}' is for ${profile.endpoint}`;
    const others = Object.keys(config.profiles);
    if (profile !== undefined || others.length === 0) return undefined;
    return `profile '${profileName}' does not exist; existing: ${others.join(', ')}`;
  }
}

export const profileNameOf = (world: World, options: GlobalOptions, config: ConfigFile): string =>
  options.profile || world.env.CLOUD_PROFILE || config.current || 'default';

/** Throws Failure for an unusable endpoint, before any message about keys. */
function readEndpoint(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined) throw usage(`endpoint '${given}' is not a URL such as ${DEFAULT_ENDPOINT}`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw usage(`endpoint '${given}' must begin with http:// or https://`);
  if (url.username !== '' || url.password !== '')
    throw usage(`endpoint ${url.origin}: must not contain a user or a password; log in with: cloud login`);
  if (url.search !== '' || url.hash !== '')
    throw usage(
      `endpoint '${given}' must not have a ${url.search ? 'query' : 'fragment'}; remove everything from ${url.search ? '?' : '#'}`,
    );
  return trim(given);
}

const trim = (endpoint: string): string => endpoint.replace(/\/+$/, '');

export function transportOf(session: Session, extra: Partial<ClientOptions> = {}): Transport {
  if (session.apiKey !== undefined && !PRINTABLE.test(session.apiKey)) {
    throw new Failure(
      'CLOUD_API_KEY contains characters that are not allowed in a key; copy it again, or unset it and run: cloud login',
      EXIT.notLoggedIn,
    );
  }
  if (session.tenantId !== undefined && !PRINTABLE.test(session.tenantId))
    throw usage(
      `tenant '${session.tenantId}' is not a tenant id; set --tenant or CLOUD_TENANT_ID to the tenant_id that cloud whoami shows`,
    );
  return createTransport({
    endpoint: session.endpoint,
    apiKey: session.apiKey,
    tenantId: session.tenantId,
    headers: { 'user-agent': `thecloud-cli/${VERSION}` },
    ...extra,
  });
}

/** What a header of a request can hold. */
const PRINTABLE = /^[\x20-\x7e]+$/;

/** Throws when there is no key. */
export function requireKey(session: Session): void {
  if (session.apiKey !== undefined) return;
  const profile = ['', 'default'].includes(session.profileName) ? '' : ` --profile ${session.profileName}`;
  const why = session.noKeyBecause ? `: ${session.noKeyBecause}` : '';
  throw new Failure(
    `not logged in at ${session.endpoint}${why}. To log in: cloud login${profile} --endpoint ${session.endpoint}. To create a user: cloud register`,
    EXIT.notLoggedIn,
  );
}
