import described from 'virtual:console';
import type { DescribedConsole, DescribedService } from '../../../server/src/kernel/described-console.ts';
import operations from 'virtual:operations';

export type { DescribedConsole, DescribedService };

/** An operation without its schemas: what calling it needs. */
export interface Operation {
  readonly name: string;
  readonly service: string;
  readonly verb: string;
  readonly resource: string;
  readonly summary: string;
  readonly description?: string;
  readonly effect: 'read' | 'list' | 'create' | 'update' | 'action' | 'delete';
  readonly scope: 'public' | 'user' | 'tenant' | 'operator';
  readonly permission?: string;
  readonly method: string;
  readonly path: string;
  readonly pathParams: readonly string[];
  readonly target?: { readonly kind: string; readonly param: string };
  /** Input members that name another resource, with its kind. */
  readonly references?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly idempotent?: boolean;
  readonly settles?: { readonly field: string; readonly values: readonly string[]; readonly reader: string };
  readonly live?: boolean;
  readonly answer?: 'json' | 'text' | 'stream' | 'socket' | 'events';
  readonly uses?: readonly { readonly resource: string; readonly max: number; readonly noun: string }[];
}

const byName = new Map(operations.map((one) => [one.name, one]));
const serviceByName = new Map(described.services.map((one) => [one.name, one]));

export const groups = described.groups;
export const services = described.services;

/** Throws if there is no such operation: its name is a mistake in the program. */
export function operationOf(name: string): Operation {
  const found = byName.get(name);
  if (!found) throw new Error(`there is no operation '${name}'`);
  return found;
}

export const serviceOf = (name: string): DescribedService | undefined => serviceByName.get(name);

/** The service whose pages show resources of this kind. */
export const serviceOfKind = (kind: string): DescribedService | undefined => {
  const known = described.kinds[kind];
  return known && serviceByName.get(known.service);
};

/** Of a kind of resource that has pages: where its items are read, and by which members. */
export const kindOf = (kind: string): DescribedConsole['kinds'][string] | undefined => described.kinds[kind];

/** Values for the parts of a path that the console fills in itself: the active tenant. */
export const pathDefaults = (operation: Operation): Readonly<Record<string, string>> =>
  serviceByName.get(operation.service)?.fixed ?? {};
