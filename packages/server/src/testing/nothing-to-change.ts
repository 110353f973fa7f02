import { expect } from 'vitest';
import type { Entry } from '../kernel/registry.ts';
import type { OperationWorld } from './operation-world.ts';

/** Actions that may have nothing to do. Others do something each time. */
const REPEATABLE = new Set([
  'instances.stop',
  'instances.start',
  'roles.bind',
  'tenants.switch',
  'settings.reset',
  'hosts.resetCapacity',
]);

/** Updates, and actions that set a state. */
export const mayChangeNothing = ({ name, descriptor }: Entry): boolean =>
  descriptor.effect === 'update' || REPEATABLE.has(name);

/** Sends a call twice: the second has nothing to change, and writes nothing. */
export async function expectNoTrace(world: OperationWorld, entry: Entry): Promise<void> {
  const { api, changes, callerOf, inputOf, isGood } = world;
  const owner = await callerOf(entry);
  const input = await inputOf(entry, owner);
  const first = await api.call(entry.name, input, owner);
  isGood(entry, first);
  await changes.take();
  const second = await api.call(entry.name, input, owner);
  // What says that it is done already leaves no trace either.
  if (second.status < 400) isGood(entry, second);
  else expect([400, 409], second.text).toContain(second.status);
  expect(await changes.take()).toEqual([]);
  if (second.status < 400) expect([second.data, second.headers['etag']]).toEqual([first.data, first.headers['etag']]);
}
