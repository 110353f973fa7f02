import consoleModule from 'virtual:console';
import type { CallSpec } from '@thecloud/sdk';
import type { ConsoleOperation, DescribedConsole, DescribedService } from '../contract.ts';
import operationsModule from 'virtual:operations';

export type { DescribedConsole, DescribedService };

/** An operation without its schemas: what calling it needs. */
export type Operation = Omit<ConsoleOperation, 'input' | 'output' | 'cli' | 'errors' | 'settles'> &
  Pick<CallSpec, 'settles'>;

const described = consoleModule as DescribedConsole;
const operations = operationsModule as readonly Operation[];
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

/** Values for the parts of its path that the console fills in itself: the active tenant. */
export const pathDefaults = ({ service, pathParams }: Operation): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(serviceByName.get(service)?.fixed ?? {}).filter(([name]) => pathParams.includes(name)),
  );
