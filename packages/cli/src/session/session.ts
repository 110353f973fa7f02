import { type ClientOptions, createTransport, type Transport } from '@thecloud/sdk';
import { EXIT, Failure, usage } from '../failure.ts';
import type { Verb } from '../table/verb.ts';
import { VERSION } from '../version.ts';
import type { World } from '../world.ts';
import { type ConfigFile, contextNamed, readConfig } from './config-file.ts';
import { tracedFetch } from './http-trace.ts';

export const DEFAULT_ENDPOINT = 'http://127.0.0.1:8080';

/** Options that any command takes. */
export interface GlobalOptions {
  readonly output?: 'table' | 'json' | 'yaml' | 'name';
  readonly quiet?: boolean;
  readonly columns?: readonly string[];
  /** False: the table has no headings. */
  readonly header?: boolean;
  /** A member of the output; `-` before it: descending. */
  readonly sort?: string;
  /** Shows the HTTP exchange. */
  readonly debug?: boolean;
  readonly context?: string;
  readonly endpoint?: string;
  readonly tenant?: string;
}

/** The platform and the key that a command uses. */
export interface Session {
  readonly endpoint: string;
  readonly contextName: string;
  readonly apiKey: string | undefined;
  readonly tenantId: string | undefined;
  /** Writes what --debug shows. */
  readonly trace?: (text: string) => void;
  /** Why there is no key, if that may surprise. */
  readonly noKeyBecause: string | undefined;
}

/** Options override the environment, which overrides the config file. */
export function openSession(world: World, options: GlobalOptions): Session {
  const { env } = world;
  const config = readConfig(world);
  const contextName = contextNameOf(world, options, config);
  const context = contextNamed(config, contextName);
  const endpoint = readEndpoint(options.endpoint || env.CLOUD_ENDPOINT || context?.endpoint || DEFAULT_ENDPOINT);
  // A context's key is sent only to the context's platform.
  const keyFits = context !== undefined && trim(context.endpoint) === endpoint;
  return {
    endpoint,
    contextName,
    apiKey: env.CLOUD_API_KEY || (keyFits ? context.api_key : undefined),
    tenantId: options.tenant || env.CLOUD_TENANT_ID || (keyFits ? context.tenant_id : undefined),
    noKeyBecause: whyNoKey(),
    ...(options.debug ? { trace: (text: string) => void world.stderr.write(text) } : {}),
  };

  function whyNoKey(): string | undefined {
    if (context?.api_key && !keyFits) return `the context '${contextName}' is for ${context.endpoint}`;
    const others = Object.keys(config.contexts);
    if (context !== undefined || others.length === 0) return undefined;
    return `context '${contextName}' does not exist; existing: ${others.join(', ')}`;
  }
}

export const contextNameOf = (world: World, options: GlobalOptions, config: ConfigFile): string =>
  options.context || world.env.CLOUD_CONTEXT || config.current || 'default';

/** Throws Failure for an unusable endpoint, before any message about keys. */
export function readEndpoint(given: string): string {
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

/** `verbs` name the members that --debug hides. */
export function transportOf(session: Session, verbs: readonly Verb[], extra: Partial<ClientOptions> = {}): Transport {
  if (session.apiKey !== undefined && !PRINTABLE.test(session.apiKey)) {
    throw new Failure(
      'CLOUD_API_KEY contains characters that are not allowed in a key; copy it again, or unset it and run: cloud login',
      EXIT.denied,
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
    ...(session.trace ? { fetch: tracedFetch(verbs, session.trace) } : {}),
    ...extra,
  });
}

/** What a header of a request can hold. */
const PRINTABLE = /^[\x20-\x7e]+$/;

/** Throws when there is no key. */
export function requireKey(session: Session): void {
  if (session.apiKey !== undefined) return;
  const context = ['', 'default'].includes(session.contextName) ? '' : ` --context ${session.contextName}`;
  const why = session.noKeyBecause ? `: ${session.noKeyBecause}` : '';
  throw new Failure(
    `not logged in at ${session.endpoint}${why}. To log in: cloud login${context} --endpoint ${session.endpoint}. To create a user: cloud register`,
    EXIT.denied,
  );
}
