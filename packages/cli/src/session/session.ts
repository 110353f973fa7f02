import { type ClientOptions, createTransport, type Transport } from '@thecloud/sdk';
import { EXIT, Failure } from '../failure.ts';
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

/** Where a command goes, and as whom. */
export interface Session {
  readonly endpoint: string;
  readonly profileName: string;
  readonly apiKey: string | undefined;
  readonly tenantId: string | undefined;
  /** Why there is no key, where a person may wonder. */
  readonly noKeyBecause: string | undefined;
}

/** Options before environment before the config file. */
export function openSession(world: World, options: GlobalOptions): Session {
  const { env } = world;
  const config = readConfig(world);
  const profileName = profileNameOf(world, options, config);
  const profile: Profile | undefined = Object.hasOwn(config.profiles, profileName)
    ? config.profiles[profileName]
    : undefined;
  const endpoint = trim(options.endpoint || env.CLOUD_ENDPOINT || profile?.endpoint || DEFAULT_ENDPOINT);
  // A profile's key is for its own platform: another address does not get to see it.
  const keyFits = profile !== undefined && trim(profile.endpoint) === endpoint;
  return {
    endpoint,
    profileName,
    apiKey: env.CLOUD_API_KEY || (keyFits ? profile.api_key : undefined),
    tenantId: options.tenant || env.CLOUD_TENANT_ID || (keyFits ? profile.tenant_id : undefined),
    noKeyBecause: profile?.api_key && !keyFits ? `the profile '${profileName}' is for ${profile.endpoint}` : undefined,
  };
}

export const profileNameOf = (world: World, options: GlobalOptions, config: ConfigFile): string =>
  options.profile || world.env.CLOUD_PROFILE || config.current || 'default';

const trim = (endpoint: string): string => endpoint.replace(/\/+$/, '');

export function transportOf(session: Session, extra: Partial<ClientOptions> = {}): Transport {
  return createTransport({
    endpoint: session.endpoint,
    apiKey: session.apiKey,
    tenantId: session.tenantId,
    headers: { 'user-agent': `thecloud-cli/${VERSION}` },
    ...extra,
  });
}

/** Throws when there is no key. */
export function requireKey(session: Session): void {
  if (session.apiKey !== undefined) return;
  const why = session.noKeyBecause ? `: ${session.noKeyBecause}` : '';
  throw new Failure(
    `not logged in at ${session.endpoint}${why}. Log in: cloud login --endpoint ${session.endpoint}. No user yet: cloud register`,
    EXIT.notLoggedIn,
  );
}
