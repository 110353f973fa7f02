import { KERNEL_ERRORS } from './errors.ts';
import { type RegisteredOperation, register } from './operation.ts';
import type { Handler, Service, TargetKind } from './service.ts';
import { compileValidator } from './validate.ts';

export interface Entry extends RegisteredOperation {
  readonly handler: Handler;
  readonly validate: (input: unknown) => unknown;
  readonly targetKind: TargetKind | undefined;
  /** The kind that a create makes: answers a replayed one. */
  readonly createdKind: TargetKind | undefined;
  readonly quota: NonNullable<Service['quotas']>[string] | undefined;
}

/** All operations of all services by name, defaults filled in and handlers attached. */
export interface Registry {
  readonly services: readonly Service[];
  readonly entries: ReadonlyMap<string, Entry>;
  /** Code → HTTP status, the kernel's and all services'. */
  readonly errorStatus: ReadonlyMap<string, number>;
}

/** Throws where a descriptor contradicts itself, a handler is missing, or an error code has no status. */
export function createRegistry(services: readonly Service[]): Registry {
  const entries = new Map<string, Entry>();
  const errorStatus = new Map<string, number>(Object.entries(KERNEL_ERRORS));
  const kinds = new Map<string, TargetKind>();
  for (const service of services) {
    for (const [code, status] of Object.entries(service.errors ?? {})) errorStatus.set(code, status);
    for (const [kind, target] of Object.entries(service.targets ?? {})) kinds.set(kind, target);
  }
  const routes = new Set<string>();
  for (const service of services) {
    for (const [verb, descriptor] of Object.entries(service.operations)) {
      const operation = register(service.name, service.resource, verb, descriptor);
      const handler = service.handlers[verb];
      if (!handler) throw new Error(`${operation.name} has no handler`);
      const kindName = descriptor.target?.kind;
      const targetKind = kindName === undefined ? undefined : kinds.get(kindName);
      if (kindName !== undefined && !targetKind)
        throw new Error(`${operation.name}: no service declares the target kind '${kindName}'`);
      for (const code of descriptor.errors ?? []) {
        if (!errorStatus.has(code)) throw new Error(`${operation.name}: no service declares the error '${code}'`);
      }
      const route = `${descriptor.http.method} ${descriptor.http.path.replaceAll(/:\w+/g, ':')}`;
      if (routes.has(route)) throw new Error(`${operation.name}: its route ${route} is taken`);
      routes.add(route);
      entries.set(operation.name, {
        ...operation,
        handler,
        validate: compileValidator(descriptor.input, descriptor.secrets),
        targetKind,
        createdKind: descriptor.effect === 'create' ? service.targets?.[service.resource] : undefined,
        quota: service.quotas?.[verb],
      });
    }
  }
  return { services, entries, errorStatus };
}
