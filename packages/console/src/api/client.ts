import {
  CloudApiError,
  CloudConnectionError,
  createTransport,
  type AllOptions,
  type Input,
  type Page,
  type Transport,
} from '@thecloud/sdk';
import { operationOf, pathDefaults } from './registry.ts';

export { CloudApiError, CloudConnectionError, type Page };

/** Marks a request as the console's own: only such a request may use the session's cookie. */
export const CONSOLE_HEADERS = { 'x-cloud-console': '1' };

/** Calls of the REST API with the session's cookie. There is no key in the page. */
export const transport: Transport = createTransport({
  endpoint: window.location.origin,
  headers: CONSOLE_HEADERS,
  retries: 2,
});

export interface CallOptions extends AllOptions {
  /** Id or slug of the tenant in which the call acts. `undefined`: the user's default. */
  readonly tenantId?: string | undefined;
}

const filled = (name: string, input: Input): Input => ({ ...pathDefaults(operationOf(name)), ...input });

/** Calls an operation by its name. Throws CloudApiError if the API refuses, CloudConnectionError if it does not answer. */
export async function call<T = unknown>(name: string, input: Input = {}, options: CallOptions = {}): Promise<T> {
  return watch(name, () => transport.call<T>(operationOf(name), filled(name, input), options));
}

/** One page of a list. */
export async function listPage<T = unknown>(
  name: string,
  input: Input = {},
  options: CallOptions = {},
): Promise<Page<T>> {
  return watch(name, () => transport.page<T>(operationOf(name), filled(name, input), options));
}

/** Services whose answers say who the user is, what they may do, and where. */
export const AUTHORITY: readonly string[] = ['auth', 'tenants'];

type ApiState = 'unauthorized' | 'forbidden' | 'unreachable' | 'reachable';
type Listener = (event: ApiState) => void;
const listeners = new Set<Listener>();

/** Tells when a call finds that the session has ended, that it may do less than the page believes, or that the API is away or back. */
export function onApiState(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function stateOf(name: string, { status }: CloudApiError): ApiState {
  const { scope, method, service, secrets = [] } = operationOf(name);
  // What is read to learn the permissions is not read once more when it is itself refused: it would be refused again.
  if (status === 403) return method === 'GET' && AUTHORITY.includes(service) ? 'reachable' : 'forbidden';
  if (status !== 401 || scope === 'public') return 'reachable';
  if (secrets.length === 0) return 'unauthorized';
  // A wrong password or code is refused with the same status as a session that has ended: another call finds out.
  void call('auth.me').catch(() => undefined);
  return 'reachable';
}

const tell = (event: ApiState) => {
  for (const listener of listeners) listener(event);
};

async function watch<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    const answer = await work();
    tell('reachable');
    return answer;
  } catch (error) {
    if (error instanceof CloudConnectionError) tell('unreachable');
    else if (error instanceof CloudApiError) tell(stateOf(name, error));
    throw error;
  }
}
