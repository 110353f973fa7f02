import { randomBytes } from 'node:crypto';
import type { RunningPlatform } from './platform.ts';

/** Tests of a black box read an answer as they find it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Data = any;

/** What a request came to. */
export interface Answer {
  readonly status: number;
  /** `data` of the envelope. */
  readonly data: Data;
  /** `error.code` of the envelope; '' where there is none. */
  readonly code: string;
  readonly message: string;
  readonly nextCursor: string | undefined;
  readonly headers: Headers;
  readonly text: string;
}

/** Speaks HTTP as one key of one tenant. */
export interface Client {
  readonly key: string;
  readonly tenantId: string;
  readonly email: string;
  /** Throws only where no answer came. */
  call(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Like call, and throws unless the answer is a success; gives its data. */
  ask(method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Data>;
}

/** Of every user that the tests register. */
export const PASSWORD = 'a long pass phrase';
/** Longer than the longest `?wait=`. */
const CALL_MS = 75_000;

/** What most tests need: more than a tenant may have by default, for one that launches many. */
const GENEROUS = { instances: 100, vcpus: 200, memory_mb: 200_000, storage_gb: 2_000, vpcs: 50 };

export function createClient(address: string, key: string, tenantId = '', email = ''): Client {
  const call: Client['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: {
        ...(key === '' ? {} : { 'x-api-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(CALL_MS),
    });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json') ? JSON.parse(text) : {};
    return {
      status: response.status,
      data: json.data,
      code: json.error?.code ?? '',
      message: json.error?.message ?? '',
      nextCursor: json.meta?.next_cursor,
      headers: response.headers,
      text,
    };
  };
  return {
    key,
    tenantId,
    email,
    call,
    async ask(method, path, body, headers) {
      const answer = await call(method, path, body, headers);
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
      return answer.data;
    },
  };
}

/** A new user with a tenant of its own and a key. `quotas` stays as a new tenant has it when it is 'default'. */
export async function createTenant(
  platform: Pick<RunningPlatform, 'address' | 'query'>,
  name: string,
  quotas: 'generous' | 'default' = 'generous',
): Promise<Client> {
  const nobody = createClient(platform.address, '');
  const email = `${name}-${randomBytes(4).toString('hex')}@example.com`;
  await nobody.ask('POST', '/auth/register', { email, password: PASSWORD, name: `The ${name}` });
  const login = await nobody.ask('POST', '/auth/login', { email, password: PASSWORD });
  const tenantId = login.user.tenant_id as string;
  const key = await createClient(platform.address, login.api_key).ask('POST', '/auth/keys', {
    name: 'test',
    // The operator's runs the platform with it.
    all_tenants: true,
  });
  if (quotas === 'generous') {
    for (const [resource, max] of Object.entries(GENEROUS)) {
      await platform.query('insert into quotas (tenant_id, resource, max) values ($1, $2, $3)', [
        tenantId,
        resource,
        max,
      ]);
    }
  }
  return createClient(platform.address, key.key as string, tenantId, email);
}
