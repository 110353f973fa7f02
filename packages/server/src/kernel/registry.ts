import { KERNEL_ERRORS } from './errors.ts';
import { type RegisteredOperation, register } from './operation.ts';
import { pageRequest, toPage } from './page.ts';
import type { Blocker, Call, DataHandler, Kind, Quota, Service, Steps } from './service.ts';
import { compileValidator } from './validate.ts';

export interface Entry extends RegisteredOperation {
  /** Of the control plane. */
  readonly steps: Steps;
  /** Of the data plane. */
  readonly dataHandler: DataHandler | undefined;
  readonly validate: (input: unknown) => unknown;
  /** The kinds of the targets, in their order. */
  readonly targetKinds: readonly Kind[];
  /** Of the last target. */
  readonly targetKind: Kind | undefined;
  /** The kind that a create makes: answers a replayed one. */
  readonly createdKind: Kind | undefined;
  /** The kind that presents what the handler answers. */
  readonly answeredKind: Kind | undefined;
  /** What is in the way of a deletion. */
  readonly blockers: readonly Blocker[];
  /** Its transaction is shown the caller's key: see proof.ts. */
  readonly proves: boolean;
  /** Takes Idempotency-Key: what a replay answers can be read again. */
  readonly idempotent: boolean;
}

/** All operations of all services by name, defaults filled in and handlers attached. */
export interface Registry {
  readonly services: readonly Service[];
  readonly entries: ReadonlyMap<string, Entry>;
  /** Code → HTTP status, the kernel's and all services'. */
  readonly errorStatus: ReadonlyMap<string, number>;
  /** What has a quota. */
  readonly quotas: ReadonlyMap<string, Quota>;
}

/** Throws where a descriptor contradicts itself, a handler is missing, or an error code has no status. */
export function createRegistry(services: readonly Service[]): Registry {
  const entries = new Map<string, Entry>();
  const errorStatus = new Map<string, number>(Object.entries(KERNEL_ERRORS));
  const kinds = new Map<string, Kind>();
  const blockers = new Map<string, Blocker[]>();
  for (const service of services) {
    for (const [code, status] of Object.entries(service.errors ?? {}))
      once(errorStatus, code, status, `error '${code}'`, service);
    for (const [name, kind] of Object.entries(service.kinds ?? {})) once(kinds, name, kind, `kind '${name}'`, service);
    for (const [name, blocker] of Object.entries(service.blocks ?? {}))
      blockers.set(name, [...(blockers.get(name) ?? []), blocker]);
  }
  const quotas = quotasOf(services);
  for (const { name, quotas: own, usage } of services)
    if (own && !usage) throw new Error(`${name} has quotas but no usage function`);
  const routes = new Set<string>();
  for (const service of services) {
    for (const [verb, descriptor] of Object.entries(service.operations)) {
      const operation = register(service.name, service.resource, verb, descriptor);
      const kindNamed = (name: string | undefined): Kind | undefined => {
        const kind = name === undefined ? undefined : kinds.get(name);
        if (name !== undefined && !kind) throw new Error(`${operation.name}: no service declares the kind '${name}'`);
        return kind;
      };
      for (const code of descriptor.errors ?? []) {
        if (!errorStatus.has(code)) throw new Error(`${operation.name}: no service declares the error '${code}'`);
      }
      for (const kind of Object.values(descriptor.references ?? {})) kindNamed(kind);
      for (const quota of descriptor.uses ?? [])
        if (!quotas.has(quota)) throw new Error(`${operation.name}: no service declares the quota '${quota}'`);
      const reader = descriptor.settles?.reader;
      if (reader !== undefined && !service.operations[reader])
        throw new Error(`${operation.name} settles, and ${service.name} has no '${reader}'`);
      const route = `${descriptor.http.method} ${descriptor.http.path.replaceAll(/:\w+/g, ':')}`;
      if (routes.has(route)) throw new Error(`${operation.name}: its route ${route} is taken`);
      routes.add(route);
      const targetKinds = operation.targets.map((target) => kindNamed(target.kind)!);
      const targetKind = targetKinds.at(-1);
      const createdKind = kindNamed(descriptor.creates);
      const answeredKind = kindNamed(descriptor.answers);
      if (operation.plane === 'data' && answeredKind)
        throw new Error(
          `${operation.name} is of the data plane: its handler answers what the wire shows, without 'answers'`,
        );
      const handler = service.handlers[verb] ?? defaultHandler(operation, answeredKind);
      if (!handler) throw new Error(`${operation.name} has no handler`);
      entries.set(operation.name, {
        ...operation,
        steps: typeof handler === 'function' ? { run: handler } : handler,
        dataHandler: operation.plane === 'data' ? handler : undefined,
        validate: compileValidator(descriptor.input, { secrets: descriptor.secrets ?? [] }),
        targetKinds,
        targetKind,
        createdKind,
        answeredKind,
        blockers: descriptor.effect === 'delete' ? (blockers.get(operation.targets.at(-1)?.kind ?? '') ?? []) : [],
        proves: operation.writes && operation.scope !== 'public' && service.authority === true,
        idempotent:
          operation.writes &&
          operation.plane === 'control' &&
          operation.scope === 'tenant' &&
          !descriptor.live &&
          (createdKind !== undefined ||
            (targetKind !== undefined && (targetKind === answeredKind || descriptor.effect === 'delete'))),
      });
    }
  }
  return { services, entries, errorStatus, quotas };
}

function once<T>(known: Map<string, T>, name: string, value: T, what: string, service: Service): void {
  if (known.has(name)) throw new Error(`${service.name} declares the ${what}, which is declared already`);
  known.set(name, value);
}

/** What has a quota, of all services. */
export const quotasOf = (services: readonly Service[]): ReadonlyMap<string, Quota> =>
  new Map(services.flatMap((service) => Object.entries(service.quotas ?? {})));

/** A read of one thing answers its target; a list, the page of its kind. */
function defaultHandler(operation: RegisteredOperation, answered: Kind | undefined): Steps['run'] | undefined {
  if (!answered || operation.plane === 'data') return undefined;
  if (operation.descriptor.effect === 'read' && operation.targets.length > 0) return async (call) => call.target;
  const { list } = answered;
  if (operation.descriptor.effect !== 'list' || !list) return undefined;
  return async (call: Call) => {
    const input = call.input as { limit?: number; cursor?: string; id?: readonly string[] };
    const page = pageRequest(input, answered.isId);
    return toPage(await list(call.sql, call, page, input.id), page.limit, answered.id);
  };
}
